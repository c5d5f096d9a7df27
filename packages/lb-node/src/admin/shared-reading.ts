/** One reading for all who ask at the same moment: a thousand who watch cost as much as one. */
export class SharedReading<T> {
  readonly #read: () => Promise<T>;
  readonly #maxAgeMs: number;
  readonly #now: () => number;
  #reading: Promise<T> | undefined;
  #last: { readonly value: T; readonly atMs: number } | undefined;

  /**
   * @param maxAgeMs  how old a reading may be that is handed out again
   * @param now  in ms, of a clock that is never set back
   */
  constructor(read: () => Promise<T>, maxAgeMs: number, now: () => number = () => performance.now()) {
    this.#read = read;
    this.#maxAgeMs = maxAgeMs;
    this.#now = now;
  }

  /** @throws what reading throws, to all who asked; the next one reads again */
  get(): Promise<T> {
    if (this.#last !== undefined && this.#now() - this.#last.atMs <= this.#maxAgeMs) {
      return Promise.resolve(this.#last.value);
    }
    this.#reading ??= this.#begin();
    return this.#reading;
  }

  async #begin(): Promise<T> {
    try {
      const value = await this.#read();
      this.#last = { value, atMs: this.#now() };
      return value;
    } finally {
      this.#reading = undefined;
    }
  }
}
