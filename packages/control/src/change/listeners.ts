/** Who is told of something that happens. */
export class Listeners {
  readonly #callbacks = new Set<() => void>();

  /** Until disposed of. */
  add(callback: () => void): Disposable {
    // One's own, that the same function added twice is told twice and goes once.
    const own = () => callback();
    this.#callbacks.add(own);
    return { [Symbol.dispose]: () => void this.#callbacks.delete(own) };
  }

  tell(): void {
    for (const callback of [...this.#callbacks]) callback();
  }
}
