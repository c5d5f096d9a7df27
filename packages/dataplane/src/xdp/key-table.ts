import { DataplaneError } from '../dataplane-error.js';
import { checked, native } from '../libbpf/native.js';

/** A hash map of the kernel whose values are numbers of 32 bits, written as differences. */
export class KeyTable {
  readonly #mapFd: number;
  readonly #capacity: number;
  readonly #what: string;
  /** Key, as text of its bytes, to value. */
  readonly #known = new Map<string, number>();

  /**
   * Reads what is there.
   * @param mapFd  borrowed
   * @param capacity  keys at most
   * @param what      what its keys are, for errors
   */
  constructor(mapFd: number, keyBytes: number, capacity: number, what: string) {
    this.#mapFd = mapFd;
    this.#capacity = capacity;
    this.#what = what;
    const key = Buffer.alloc(keyBytes);
    const value = Buffer.alloc(4);
    let previous: Buffer | null = null;
    while ((native().nextKey(mapFd, previous, key) as number) === 0) {
      if ((native().lookupElement(mapFd, key, value) as number) === 0) {
        this.#known.set(key.toString('latin1'), value.readUInt32LE(0));
      }
      previous = Buffer.from(key);
    }
  }

  /** @throws {DataplaneError} TABLES_TOO_LARGE */
  set(entries: Iterable<readonly [key: Uint8Array, value: number]>): void {
    const wanted = new Map<string, number>();
    for (const [key, value] of entries) wanted.set(Buffer.from(key).toString('latin1'), value);
    if (wanted.size > this.#capacity) {
      throw new DataplaneError(
        'TABLES_TOO_LARGE',
        `the tables hold ${this.#capacity} ${this.#what}, and ${wanted.size} are asked for; raise the limit of backends in the configuration and restart`,
      );
    }
    const bytes = Buffer.alloc(4);
    this.#forgetOthers(wanted);
    for (const [key, value] of wanted) {
      if (this.#known.get(key) === value) continue;
      bytes.writeUInt32LE(value);
      checked(
        native().updateElement(this.#mapFd, Buffer.from(key, 'latin1'), bytes, 0),
        `storing one of the ${this.#what}`,
      );
      this.#known.set(key, value);
    }
  }

  /** First: together, what was and what is to be may be more than there is room for. */
  #forgetOthers(wanted: ReadonlyMap<string, number>): void {
    for (const key of this.#known.keys()) {
      if (wanted.has(key)) continue;
      checked(native().deleteElement(this.#mapFd, Buffer.from(key, 'latin1')), `removing one of the ${this.#what}`);
      this.#known.delete(key);
    }
  }
}
