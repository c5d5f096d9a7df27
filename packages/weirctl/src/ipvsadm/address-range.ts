import ipaddr from 'ipaddr.js';
import { canonicalAddress } from './read-endpoint.js';

/** More addresses than that are a mistake, or are nobody's services. */
export const RANGE_MAX = 1024;

/**
 * The addresses of `192.168.200.1-10`, `192.168.200.250-192.168.201.10`, `192.168.202.8/29` or a single one; IPv6 too, where
 * the end of a range is hexadecimal.
 * @returns undefined: it is none of these, or has more than {@link RANGE_MAX}
 */
export function addressesOf(text: string): string[] | undefined {
  const single = canonicalAddress(text);
  if (single !== undefined) return [single];
  const bounds = text.includes('/') ? networkBounds(text) : rangeBounds(text);
  if (bounds === undefined) return undefined;
  const count = bounds.last - bounds.first + 1n;
  if (count < 1n || count > RANGE_MAX) return undefined;
  return Array.from({ length: Number(count) }, (_, at) => addressText(bounds.first + BigInt(at), bounds.bytes));
}

interface Bounds {
  readonly first: bigint;
  readonly last: bigint;
  /** Of an address. */
  readonly bytes: number;
}

function rangeBounds(text: string): Bounds | undefined {
  const at = text.indexOf('-');
  const first = canonicalAddress(text.slice(0, at));
  const end = text.slice(at + 1);
  if (at === -1 || first === undefined) return undefined;
  const separator = first.includes(':') ? ':' : '.';
  const last = canonicalAddress(end) ?? canonicalAddress(text.slice(0, at).replace(/[^.:]*$/, end));
  if (last === undefined || last.includes(separator) === false) return undefined;
  return { first: numberOf(first), last: numberOf(last), bytes: ipaddr.parse(first).toByteArray().length };
}

function networkBounds(text: string): Bounds | undefined {
  if (!ipaddr.isValidCIDR(text)) return undefined;
  const [address, bits] = ipaddr.parseCIDR(text);
  const bytes = address.toByteArray().length;
  const size = 1n << BigInt(bytes * 8 - bits);
  const first = (numberOf(address.toString()) / size) * size;
  return { first, last: first + size - 1n, bytes };
}

function numberOf(address: string): bigint {
  return ipaddr
    .parse(address)
    .toByteArray()
    .reduce((number, byte) => number * 256n + BigInt(byte), 0n);
}

function addressText(number: bigint, bytes: number): string {
  const parts = Array.from({ length: bytes }, (_, at) => Number((number >> BigInt(8 * (bytes - 1 - at))) & 255n));
  return ipaddr.fromByteArray(parts).toString();
}
