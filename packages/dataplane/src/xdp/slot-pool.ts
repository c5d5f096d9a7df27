/**
 * Numbers 0 to size - 1, handed out and taken back. One that was taken back rests before it is handed out again: a
 * packet that was in the program when the tables changed may still follow it.
 */
export class SlotPool {
  readonly #size: number;
  readonly #restMs: number;
  readonly #used = new Set<number>();
  /** Oldest first. */
  readonly #resting: { slot: number; sinceMs: number }[] = [];
  #next = 0;

  constructor(size: number, restMs: number) {
    this.#size = size;
    this.#restMs = restMs;
  }

  /** Marks a slot as used that was found so at the start. */
  claim(slot: number): void {
    this.#used.add(slot);
  }

  /** A free slot, or undefined if all are used or resting. `nowMs` is monotonic. */
  acquire(nowMs: number): number | undefined {
    while (this.#next < this.#size && this.#used.has(this.#next)) this.#next++;
    if (this.#next < this.#size) {
      this.#used.add(this.#next);
      return this.#next++;
    }
    const oldest = this.#resting[0];
    if (oldest === undefined || nowMs - oldest.sinceMs < this.#restMs) return undefined;
    this.#resting.shift();
    this.#used.add(oldest.slot);
    return oldest.slot;
  }

  /** Time until {@link acquire} has something again, in ms; undefined: nothing rests. */
  msUntilRested(nowMs: number): number | undefined {
    const oldest = this.#resting[0];
    return oldest === undefined ? undefined : Math.max(0, oldest.sinceMs + this.#restMs - nowMs);
  }

  release(slot: number, nowMs: number): void {
    if (!this.#used.delete(slot)) return;
    this.#resting.push({ slot, sinceMs: nowMs });
  }
}
