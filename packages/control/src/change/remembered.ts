/** What was made of something last, for all who ask until it is something else: a thousand who watch cost as much as one. */
export class Remembered<T> {
  #made: { readonly of: readonly unknown[]; readonly value: T } | undefined;

  /** @param of  all that `make` looks at, compared by identity */
  get(of: readonly unknown[], make: () => T): T {
    const last = this.#made;
    if (last !== undefined && of.length === last.of.length && of.every((one, at) => one === last.of[at])) {
      return last.value;
    }
    const value = make();
    this.#made = { of, value };
    return value;
  }
}
