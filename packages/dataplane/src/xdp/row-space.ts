/** A run of lines in the row map; a line holds 32 rows. */
export interface LineRange {
  readonly first: number;
  readonly lines: number;
}

/** Hands out runs of lines, first fit. What is given back rests, for the reason that {@link SlotPool} names. */
export class RowSpace {
  readonly #lines: number;
  readonly #restMs: number;
  /** By first line; resting ones carry the time since when. */
  #taken: (LineRange & { restingSinceMs?: number })[] = [];

  constructor(lines: number, restMs: number) {
    this.#lines = lines;
    this.#restMs = restMs;
  }

  /** Marks a run as taken that was found so at the start; false if it overlaps another or lies outside. */
  claim(range: LineRange): boolean {
    if (range.first + range.lines > this.#lines || this.#taken.some((other) => overlaps(range, other))) return false;
    this.#insert(range);
    return true;
  }

  /** A run of `lines`, or undefined if none is free. `nowMs` is monotonic. */
  acquire(lines: number, nowMs: number): LineRange | undefined {
    this.#taken = this.#taken.filter(
      ({ restingSinceMs }) => restingSinceMs === undefined || nowMs - restingSinceMs < this.#restMs,
    );
    let first = 0;
    for (const taken of this.#taken) {
      if (taken.first - first >= lines) break;
      first = taken.first + taken.lines;
    }
    if (first + lines > this.#lines) return undefined;
    const range = { first, lines };
    this.#insert(range);
    return range;
  }

  /** Time until a run that rests is free, in ms; undefined: none rests. */
  msUntilRested(nowMs: number): number | undefined {
    const since = this.#taken.flatMap(({ restingSinceMs }) => (restingSinceMs === undefined ? [] : [restingSinceMs]));
    return since.length === 0 ? undefined : Math.max(0, Math.min(...since) + this.#restMs - nowMs);
  }

  release(range: LineRange, nowMs: number): void {
    this.#taken = this.#taken.map((taken) =>
      taken.first === range.first ? { ...taken, restingSinceMs: nowMs } : taken,
    );
  }

  #insert(range: LineRange): void {
    this.#taken.push(range);
    this.#taken.sort((a, b) => a.first - b.first);
  }
}

function overlaps(a: LineRange, b: LineRange): boolean {
  return a.first < b.first + b.lines && b.first < a.first + a.lines;
}
