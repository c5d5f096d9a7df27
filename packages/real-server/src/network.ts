import { addressToBytes, bytesToAddress, isIpAddress } from '@weir/packet';

/** Addresses that begin alike, as BPF programs look them up: IPv4 as ::ffff:a.b.c.d. */
export interface Network {
  /** Bits that count, of 128. */
  readonly bits: number;
  /** 16 bytes. */
  readonly address: Uint8Array;
}

/** Bits of ::ffff:0:0/96 before an IPv4 address (RFC 4291 section 2.5.5.2). */
const MAPPED_BITS = 96;
const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const;

/** `10.0.0.0/8`, `fd00::/8`, or an address alone; undefined if it is neither. Bits behind the prefix are ignored. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', length, ...more] = text.split('/');
  if (!isIpAddress(address) || more.length > 0 || !/^\d{1,3}$/.test(length ?? '128')) return undefined;
  const bytes = addressToBytes(address);
  const bits = length === undefined ? bytes.byteLength * 8 : Number(length);
  if (bits > bytes.byteLength * 8) return undefined;
  return { bits: bytes.byteLength === 4 ? MAPPED_BITS + bits : bits, address: mappedAddress(address) };
}

/** 16 bytes; IPv4 as ::ffff:a.b.c.d. */
export function mappedAddress(address: string): Uint8Array {
  const bytes = addressToBytes(address);
  return bytes.byteLength === 16 ? bytes : Uint8Array.of(...mappedPrefix, ...bytes);
}

/** The address that {@link mappedAddress} made 16 bytes of. */
export function addressOfMapped(bytes: Uint8Array): string {
  const isMapped = mappedPrefix.every((byte, i) => byte === bytes[i]);
  return bytesToAddress(isMapped ? bytes.slice(mappedPrefix.length) : bytes);
}

/** The key of a BPF_MAP_TYPE_LPM_TRIE: struct network of the programs. */
export function networkKey({ bits, address }: Network): Uint8Array {
  const key = Buffer.alloc(20);
  key.writeUInt32LE(bits);
  key.set(address, 4);
  return key;
}
