import { internetChecksum, pseudoHeaderSum } from './checksum.js';
import { viewFrom } from './decoded.js';
import type { IcmpHeader } from './icmp.js';
import { IpProtocol } from './ipv4.js';

/**
 * Types of RFC 4443, and of neighbour discovery (RFC 4861). The header is that of ICMP: `encodeIcmp()` and `decodeIcmp()`
 * write and read it.
 */
export const Icmpv6Type = {
  unreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echoRequest: 128,
  echoReply: 129,
  neighbourSolicitation: 135,
  neighbourAdvertisement: 136,
} as const;

/** Types below this are errors (RFC 4443, section 2.1). */
const INFORMATIONAL_MIN = 128;
const CHECKSUM_OFFSET = 2;

/** Computes the checksum, which covers a pseudo header, of a message that ends with the array (RFC 4443, section 2.3). */
export function setIcmpv6Checksum(
  bytes: Uint8Array,
  offset: number,
  source: Uint8Array,
  destination: Uint8Array,
): void {
  const message = bytes.subarray(offset);
  const view = viewFrom(bytes, offset);
  view.setUint16(CHECKSUM_OFFSET, 0);
  const start = pseudoHeaderSum(source, destination, IpProtocol.icmpv6, message.byteLength);
  view.setUint16(CHECKSUM_OFFSET, internetChecksum(message, start));
}

/** MTU of "packet too big" (RFC 4443, section 3.2), in bytes. */
export function icmpv6MtuOf({ rest }: Pick<IcmpHeader, 'rest'>): number {
  return rest;
}

/** Does a message of this type quote the packet that it is about, from `bodyOffset` on? */
export function isIcmpv6Error(type: number): boolean {
  return type < INFORMATIONAL_MIN;
}
