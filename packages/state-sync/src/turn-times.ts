/** Turns within so many ms share the time of the first of them, at first. */
const GRAIN_MS = 10;
/** With more, every second one is forgotten: of what waits for long, times need not be so exact. */
const TIMES_MAX = 1024;

/** When turns of a queue came, about: the age of the oldest one that still waits is how far a store lags behind. */
export class TurnTimes {
  #grainMs = GRAIN_MS;
  #times: { readonly turn: number; readonly atMs: number }[] = [];

  /** @param turn  greater than all before */
  note(turn: number, nowMs: number): void {
    const last = this.#times.at(-1);
    if (last !== undefined && nowMs - last.atMs < this.#grainMs) return;
    this.#times.push({ turn, atMs: nowMs });
    if (this.#times.length <= TIMES_MAX) return;
    this.#times = this.#times.filter((_, at) => at % 2 === 0);
    this.#grainMs *= 2;
  }

  /** @param oldest  of the turns that wait; undefined: none does */
  ageMs(oldest: number | undefined, nowMs: number): number {
    const later = this.#times.findIndex(({ turn }) => turn > (oldest ?? Number.POSITIVE_INFINITY));
    const first = later === -1 ? this.#times.length - 1 : later - 1;
    // What is before it is not asked about again.
    if (first > 0) this.#times.splice(0, first);
    if (oldest === undefined) this.#grainMs = GRAIN_MS;
    const [time] = this.#times;
    return oldest === undefined || time === undefined ? 0 : Math.max(0, nowMs - time.atMs);
  }
}
