import ipaddr from 'ipaddr.js';
import { isIpv6 } from '../ip-address-schema.js';

/** Addresses of one family, from the first to the last. */
export interface AddressRange {
  readonly isIpv6: boolean;
  /** As numbers, from the bytes in network order. */
  readonly first: bigint;
  readonly last: bigint;
}

/**
 * A network such as `198.51.100.0/24`, or a range such as `198.51.100.10-198.51.100.20`. All addresses of a network count:
 * a VIP is a route of its own, and no network has a broadcast address there.
 * @throws {Error} what is wrong with the text, as the end of a sentence that begins with it
 */
export function parseAddressRange(text: string): AddressRange {
  if (text.includes('/')) return networkRange(text);
  const [first = '', last = first, ...rest] = text.split('-').map((part) => part.trim());
  if (rest.length > 0 || !isAddress(first) || !isAddress(last)) throw new Error(EXPECTED);
  const range = { isIpv6: isIpv6(first), first: addressNumber(first), last: addressNumber(last) };
  if (isIpv6(first) !== isIpv6(last))
    throw new Error('begins with an address of one family and ends with one of the other');
  if (range.first > range.last) throw new Error('ends before it begins; write the lower address first');
  return range;
}

/** Whether an address, of either family, is in the range. */
export function isInRange(range: AddressRange, address: string): boolean {
  if (isIpv6(address) !== range.isIpv6) return false;
  const number = addressNumber(address);
  return range.first <= number && number <= range.last;
}

/** The first address that `isFree` agrees with; of a large range it asks about `triesMax` at most. */
export function firstFree(
  { isIpv6, first, last }: AddressRange,
  isFree: (address: string) => boolean,
  triesMax: number,
): string | undefined {
  for (let number = first, tries = 0; number <= last && tries < triesMax; number++, tries++) {
    const address = addressText(number, isIpv6);
    if (isFree(address)) return address;
  }
  return undefined;
}

const EXPECTED = 'is neither a network nor a range of addresses; write 198.51.100.0/24, or 198.51.100.10-198.51.100.20';

function networkRange(text: string): AddressRange {
  const [address = '', bitsText = ''] = text.split('/');
  const bitsMax = isIpv6(address) ? 128 : 32;
  const bits = Number(bitsText);
  if (!isAddress(address) || !/^\d{1,3}$/.test(bitsText) || bits > bitsMax) throw new Error(EXPECTED);
  const first = addressNumber(address);
  const size = 1n << BigInt(bitsMax - bits);
  if (first % size !== 0n) {
    const network = addressText(first - (first % size), isIpv6(address));
    throw new Error(`has bits set behind its prefix; the network is ${network}/${bits}`);
  }
  return { isIpv6: isIpv6(address), first, last: first + size - 1n };
}

function isAddress(text: string): boolean {
  return (
    ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && text.includes(':') && !text.includes('%'))
  );
}

function addressNumber(address: string): bigint {
  return ipaddr
    .parse(address)
    .toByteArray()
    .reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function addressText(number: bigint, isIpv6: boolean): string {
  const bytes = Array.from({ length: isIpv6 ? 16 : 4 }, (_, i, at = (isIpv6 ? 15 : 3) - i) =>
    Number((number >> BigInt(8 * at)) & 0xffn),
  );
  return ipaddr.fromByteArray(bytes).toString();
}
