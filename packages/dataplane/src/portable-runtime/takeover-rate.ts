/** How much of a second's packets may come at once. */
const BURST_MS = 50;

/** So many packets a second, counted by the clock; after a pause up to a twentieth of a second's at once. */
export class TakeoverRate {
  readonly #nowMs: () => number;
  /** When the next one is due; ahead of the clock by what came in a burst. */
  #nextMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs  never goes back */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Counts one packet; false: it is one too many. */
  admits(perSecond: number): boolean {
    const now = this.#nowMs();
    if (this.#nextMs > now + BURST_MS) return false;
    this.#nextMs = Math.max(this.#nextMs, now) + 1000 / perSecond;
    return true;
  }
}
