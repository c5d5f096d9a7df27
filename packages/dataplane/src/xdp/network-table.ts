import { addressToBytes } from '@weir/packet';
import type { Guard } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import { checked, Errno, native } from '../libbpf/native.js';
import { Network, Permission } from './layout.js';

const FAMILY_BITS = 8;

/**
 * The deny and the allow list in the kernel's longest-prefix table. A change is written as a difference, so that a list of
 * 100,000 networks costs what is new in it.
 */
export class NetworkTable {
  readonly #mapFd: number;
  /** Key, as text of its bytes, to permission. */
  readonly #known = new Map<string, number>();
  /** Keys by the text of their network: most of a list is what it was, and parsing it is what takes time. */
  #keys = new Map<string, string>();
  /** What {@link set} made the lists last: most changes are of something else. */
  #inForce: Pick<Guard, 'deny' | 'allow'> | undefined;

  /** Reads what is there. @param mapFd  borrowed */
  constructor(mapFd: number) {
    this.#mapFd = mapFd;
    const key = Buffer.alloc(Network.bytes);
    const value = Buffer.alloc(4);
    let previous: Buffer | null = null;
    while ((native().nextKey(mapFd, previous, key) as number) === 0) {
      if ((native().lookupElement(mapFd, key, value) as number) === 0) {
        this.#known.set(key.toString('latin1'), value.readUInt32LE(0));
      }
      previous = Buffer.from(key);
    }
  }

  /** Does the table deny anything? */
  get denies(): boolean {
    for (const permission of this.#known.values()) if (permission === Permission.deny) return true;
    return false;
  }

  /**
   * Makes the lists those of the guard: what is new first, then what is gone goes.
   * @throws {DataplaneError} TABLES_INVALID, TABLES_TOO_LARGE
   */
  set(guard: Pick<Guard, 'deny' | 'allow'>): void {
    if (guard.deny === this.#inForce?.deny && guard.allow === this.#inForce.allow) return;
    this.#inForce = undefined;
    const keys = new Map<string, string>();
    const keyOf = (text: string): string => {
      const key = this.#keys.get(text) ?? networkKey(text).toString('latin1');
      keys.set(text, key);
      return key;
    };
    const wanted = new Map<string, number>();
    for (const text of guard.allow) wanted.set(keyOf(text), Permission.allow);
    for (const text of guard.deny) wanted.set(keyOf(text), Permission.deny);
    this.#keys = keys;
    const value = Buffer.alloc(4);
    for (const [key, permission] of wanted) {
      if (this.#known.get(key) === permission) continue;
      value.writeUInt32LE(permission);
      const result = native().updateElement(this.#mapFd, Buffer.from(key, 'latin1'), value, 0) as number;
      if (-result === Errno.ENOSPC) {
        throw new DataplaneError('TABLES_TOO_LARGE', `${wanted.size} networks to deny or allow don't fit the table`);
      }
      checked(result, 'storing a network');
      this.#known.set(key, permission);
    }
    for (const key of this.#known.keys()) {
      if (wanted.has(key)) continue;
      checked(native().deleteElement(this.#mapFd, Buffer.from(key, 'latin1')), 'removing a network');
      this.#known.delete(key);
    }
    this.#inForce = guard;
  }
}

/** @throws {DataplaneError} TABLES_INVALID */
export function networkKey(text: string): Buffer {
  const [address = '', bits] = text.split('/');
  const bytes = parseAddress(address, text);
  const length = bytes.byteLength * 8;
  const prefix = bits === undefined ? length : Number(bits);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > length) {
    throw new DataplaneError('TABLES_INVALID', `network "${text}" has a prefix of ${bits}, not of 0 to ${length} bits`);
  }
  const key = Buffer.alloc(Network.bytes);
  key.writeUInt32LE(FAMILY_BITS + prefix, Network.prefixBits);
  key.writeUInt8(bytes.byteLength === 4 ? 4 : 6, Network.family);
  key.set(bytes, Network.address);
  return key;
}

function parseAddress(address: string, text: string): Uint8Array {
  try {
    return addressToBytes(address);
  } catch (cause) {
    throw new DataplaneError('TABLES_INVALID', `network "${text}" does not begin with an IP address`, { cause });
  }
}
