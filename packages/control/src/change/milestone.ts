interface Waiting {
  readonly revision: bigint;
  readonly arrived: () => void;
}

/** How far something that goes by revisions has come, and who waits for more. */
export class Milestone {
  #at = 0n;
  #waiting: Waiting[] = [];

  reach(revision: string): void {
    this.#at = BigInt(revision);
    const arrived = this.#waiting.filter((one) => one.revision <= this.#at);
    this.#waiting = this.#waiting.filter((one) => one.revision > this.#at);
    for (const one of arrived) one.arrived();
  }

  /** @returns false: it took too long, or the signal aborted */
  async reached(revision: string, withinMs: number, signal?: AbortSignal): Promise<boolean> {
    const wanted = BigInt(revision);
    if (this.#at >= wanted) return true;
    if (signal?.aborted === true) return false;
    return new Promise((resolve) => {
      const end = (isReached: boolean) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', give);
        this.#waiting = this.#waiting.filter((one) => one !== own);
        resolve(isReached);
      };
      const give = () => end(false);
      const own = { revision: wanted, arrived: () => end(true) };
      const timer = setTimeout(give, withinMs);
      signal?.addEventListener('abort', give);
      this.#waiting.push(own);
    });
  }
}
