import { addressToBytes } from '@weir/packet';
import { addressText } from './tuple.js';

export type NetworkVerdict = 'deny' | 'allow';

/** Networks of both families; of those that hold an address the longest decides, and of two equal ones denial. */
export class NetworkList {
  /** By bytes of an address, then by bits of the prefix, the longest first. */
  readonly #families = new Map<number, Map<number, Map<string, NetworkVerdict>>>();

  /** @param networks  CIDR text; without a length, one address */
  constructor(networks: Readonly<Record<NetworkVerdict, readonly string[]>>) {
    const all = (['allow', 'deny'] as const).flatMap((verdict) =>
      networks[verdict].map((text) => ({ ...parseNetwork(text), verdict })),
    );
    for (const { address, bits, verdict } of all.sort((a, b) => b.bits - a.bits)) {
      const family = getOrAdd(this.#families, address.byteLength, () => new Map<number, Map<string, NetworkVerdict>>());
      getOrAdd(family, bits, () => new Map<string, NetworkVerdict>()).set(networkText(address, bits), verdict);
    }
  }

  /** undefined: no network holds the address. */
  verdictOn(address: Uint8Array): NetworkVerdict | undefined {
    for (const [bits, networks] of this.#families.get(address.byteLength) ?? []) {
      const verdict = networks.get(networkText(address, bits));
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }
}

/** The first bits of an address as text; the rest counts as 0. */
export function networkText(address: Uint8Array, bits: number): string {
  const network = address.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))));
  return addressText(network);
}

function parseNetwork(text: string): { readonly address: Uint8Array; readonly bits: number } {
  const [addressPart = '', bitsPart] = text.split('/');
  const address = addressToBytes(addressPart);
  return { address, bits: bitsPart === undefined ? 8 * address.byteLength : Number(bitsPart) };
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
