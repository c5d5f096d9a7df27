import { WeirError } from '@weir/errors';
import ipaddr from 'ipaddr.js';

/** Text or bytes that are no IP address. */
export class AddressError extends WeirError {}

/** Is this the text of an IPv4 address in four decimal parts, or of an IPv6 address without zone? */
export function isIpAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%'));
}

/** Family of an address that {@link isIpAddress} accepts. */
export function familyOf(text: string): 4 | 6 {
  return text.includes(':') ? 6 : 4;
}

/**
 * 4 or 16 bytes in network order.
 * @throws {AddressError} ADDRESS_INVALID
 */
export function addressToBytes(text: string): Uint8Array {
  if (!isIpAddress(text)) {
    throw new AddressError('ADDRESS_INVALID', `"${text}" is not an IP address`, { details: { text } });
  }
  return Uint8Array.from(ipaddr.parse(text).toByteArray());
}

/**
 * Canonical text (RFC 5952 for IPv6) of 4 or 16 bytes in network order.
 * @throws {AddressError} ADDRESS_INVALID
 */
export function bytesToAddress(bytes: Uint8Array): string {
  if (bytes.byteLength !== 4 && bytes.byteLength !== 16) {
    throw new AddressError('ADDRESS_INVALID', `an IP address has 4 or 16 bytes, not ${bytes.byteLength}`);
  }
  return ipaddr.fromByteArray([...bytes]).toString();
}

/** The one text of an address that has many: lower case, zeros compressed as RFC 5952 says. */
export function canonicalAddress(text: string): string {
  return bytesToAddress(addressToBytes(text));
}
