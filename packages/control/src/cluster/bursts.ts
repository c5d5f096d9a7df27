/** How long changes that follow the first are gathered. */
const GATHER_MS = 20;

/**
 * Runs `work` at once when there is something to do, and no sooner than `gatherMs` after that again, for all that came
 * in between. One at a time.
 */
export class Bursts implements AsyncDisposable {
  readonly #work: () => Promise<void>;
  readonly #onError: (error: Error) => void;
  readonly #gatherMs: number;
  #isWanted = false;
  #running: Promise<void> | undefined;
  #pause: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param onError  told of work that rejects; the next is done all the same */
  constructor(work: () => Promise<void>, onError: (error: Error) => void, gatherMs: number = GATHER_MS) {
    this.#work = work;
    this.#onError = onError;
    this.#gatherMs = gatherMs;
  }

  push(): void {
    this.#isWanted = true;
    if (this.#pause === undefined && this.#running === undefined) this.#run();
  }

  /** What is wanted is done before it resolves. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#pause);
    await this.#running;
    if (this.#isWanted) {
      this.#isWanted = false;
      await this.#work().catch(this.#onError);
    }
  }

  #run(): void {
    if (!this.#isWanted || this.#isClosed) return;
    this.#isWanted = false;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      if (this.#running === undefined) this.#run();
    }, this.#gatherMs);
    this.#running = this.#work()
      .catch(this.#onError)
      .finally(() => {
        this.#running = undefined;
        if (this.#pause === undefined) this.#run();
      });
  }
}
