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
    if (!this.wouldAdmit()) return false;
    this.#nextMs = Math.max(this.#nextMs, this.#nowMs()) + 1000 / perSecond;
    return true;
  }

  /** What {@link admits} would say, without a packet. */
  wouldAdmit(): boolean {
    return this.#nextMs <= this.#nowMs() + BURST_MS;
  }
}
