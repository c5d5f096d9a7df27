const WRAPS_AT = 2 ** 32;

/** Counts of 32 bits that the kernel lets wrap, continued beyond by who reads them more often than they wrap. */
export class WrappingCounts {
  readonly #last: Uint32Array;
  readonly #beyond: Float64Array;

  /** @param slots  of counts */
  constructor(slots: number) {
    this.#last = new Uint32Array(slots);
    this.#beyond = new Float64Array(slots);
  }

  /** @param count  as it was just read */
  continued(slot: number, count: number): number {
    if (count < (this.#last[slot] as number)) this.#beyond[slot] = (this.#beyond[slot] as number) + WRAPS_AT;
    this.#last[slot] = count;
    return (this.#beyond[slot] as number) + count;
  }

  /** The count of this slot begins at 0 again. */
  restart(slot: number): void {
    this.#last[slot] = 0;
    this.#beyond[slot] = 0;
  }
}
