/** A timer that is to count longer is up at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Aborts with another signal or when a time is up, whichever comes first. It keeps no process alive.
 *
 * Instead of `AbortSignal.any([signal, AbortSignal.timeout(ms)])`, which may never abort: nobody holds the signal of the
 * time, and one that the garbage collector has taken ends nothing (nodejs/node issue 57736).
 */
export class TimeLimit implements Disposable {
  readonly #end = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #outer: AbortSignal;
  readonly #onAbort = () => this.#end.abort(this.#outer.reason);

  /** @param limitMs  beyond 25 days: those */
  constructor(limitMs: number, outer: AbortSignal) {
    this.#outer = outer;
    const onTime = () => this.#end.abort(new Error(`more than ${limitMs} ms`));
    this.#timer = setTimeout(onTime, Math.min(limitMs, TIMER_MS_MAX)).unref();
    outer.addEventListener('abort', this.#onAbort);
    if (outer.aborted) this.#onAbort();
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#onAbort);
  }
}
