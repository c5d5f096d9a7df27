/** A sleep that somebody else may end, also before it begins. */
export class Wakeable {
  #isAwake = false;
  #end: (() => void) | undefined;

  wake(): void {
    this.#isAwake = true;
    this.#end?.();
  }

  /** Resolves after `ms`, or when woken since the last sleep ended. */
  async sleep(ms: number): Promise<void> {
    if (!this.#isAwake) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#end = undefined;
    this.#isAwake = false;
  }
}
