const TICK_MS = 10;

/**
 * Comes to each of its members once in an interval, a few of them every 10 ms: as steady a load as one timer can make,
 * where a timer for each would come all at once. What a busy process missed is not made up for.
 */
export class SteadyPace<Member> {
  readonly #intervalMs: number;
  readonly #visit: (member: Member) => void;
  readonly #members = new Set<Member>();
  #round: Iterator<Member> | undefined;
  #due = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(intervalMs: number, visit: (member: Member) => void) {
    this.#intervalMs = intervalMs;
    this.#visit = visit;
  }

  add(member: Member): void {
    this.#members.add(member);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  delete(member: Member): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    this.#due += (this.#members.size * TICK_MS) / this.#intervalMs;
    for (; this.#due >= 1 && this.#members.size > 0; this.#due--) this.#visit(this.#next());
  }

  /** A set goes on in its order though members come and go. */
  #next(): Member {
    const next = this.#round?.next();
    if (next !== undefined && !next.done) return next.value;
    this.#round = this.#members.values();
    return this.#round.next().value as Member;
  }
}
