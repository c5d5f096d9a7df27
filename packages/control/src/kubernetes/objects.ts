import { isDeepStrictEqual } from 'node:util';

interface Known<T> {
  /** The list that it is of. */
  readonly scope: string;
  readonly value: T;
}

/** Objects of one kind, read; those that can't be, or are none of ours, are left out. */
export class Objects<T> {
  readonly #read: (object: unknown) => T | undefined;
  readonly #known = new Map<string, Known<T>>();

  constructor(read: (object: unknown) => T | undefined) {
    this.#read = read;
  }

  all(): readonly T[] {
    return [...this.#known.values()].map(({ value }) => value);
  }

  /** @param key  `NAMESPACE/NAME` */
  has(key: string): boolean {
    return this.#known.has(key);
  }

  /** The objects of a list take the place of those that were of it. */
  replace(scope: string, objects: readonly unknown[]): void {
    for (const [key, known] of this.#known) if (known.scope === scope) this.#known.delete(key);
    for (const object of objects) this.change(object, scope);
  }

  /** @returns whether anything is other than before */
  change(object: unknown, scope: string): boolean {
    const key = keyOf(object);
    if (key === undefined) return false;
    const value = this.#read(object);
    const known = this.#known.get(key);
    if (value === undefined) return this.#known.delete(key);
    this.#known.set(key, { scope, value });
    return !isDeepStrictEqual(known?.value, value);
  }

  remove(object: unknown): boolean {
    const key = keyOf(object);
    return key !== undefined && this.#known.delete(key);
  }
}

/** `NAMESPACE/NAME`. */
function keyOf(object: unknown): string | undefined {
  const { metadata } = object as { readonly metadata?: { readonly namespace?: string; readonly name?: string } };
  return metadata?.name === undefined ? undefined : `${metadata.namespace ?? ''}/${metadata.name}`;
}
