/** How long nobody is asked again about a flow that nobody knew. */
const REMEMBERED_MS = 2_000;
/** About 15 MB of keys; who sends more of them in that time makes the store be asked again. */
const FLOWS_MAX = 100_000;

/** Flows that the store was asked about in vain, by their key; what is not remembered may have become known since. */
export class UnknownFlows {
  /** Until when, in ms; in the order of that, as all are remembered equally long. */
  readonly #untilMs = new Map<string, number>();
  readonly #max: number;

  constructor(max = FLOWS_MAX) {
    this.#max = max;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  /** @param nowMs  of a clock that is never set back */
  add(key: string, nowMs: number): void {
    this.#untilMs.delete(key);
    this.#forget(nowMs);
    this.#untilMs.set(key, nowMs + REMEMBERED_MS);
  }

  has(key: string, nowMs: number): boolean {
    const untilMs = this.#untilMs.get(key);
    return untilMs !== undefined && nowMs < untilMs;
  }

  /** Those whose time is over, and the oldest one where there is no room for another. */
  #forget(nowMs: number): void {
    for (const [key, untilMs] of this.#untilMs) {
      if (nowMs < untilMs && this.#untilMs.size < this.#max) return;
      this.#untilMs.delete(key);
    }
  }
}
