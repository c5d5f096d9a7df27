/** Runs at most so many tasks at once; the others wait, first come, first served. */
export class ProbeQueue {
  readonly #atOnceMax: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;

  constructor(atOnceMax: number) {
    this.#atOnceMax = atOnceMax;
  }

  /** @param task  never rejects */
  run(task: () => Promise<void>): void {
    if (this.#running >= this.#atOnceMax) {
      this.#waiting.push(task);
      return;
    }
    this.#running++;
    void task().finally(() => this.#done());
  }

  #done(): void {
    this.#running--;
    const next = this.#waiting.shift();
    if (next !== undefined) this.run(next);
  }
}
