import { internetChecksum } from './checksum.js';
import { type Decoded, hasBytes, truncated, viewFrom } from './decoded.js';

/** Types of RFC 792. */
export const IcmpType = {
  echoReply: 0,
  unreachable: 3,
  echoRequest: 8,
  timeExceeded: 11,
  parameterProblem: 12,
} as const;
/** Codes of IcmpType.unreachable. */
export const IcmpUnreachable = { net: 0, host: 1, port: 3, fragmentationNeeded: 4 } as const;

export const ICMP_BYTES = 8;

/**
 * What all messages of ICMP (RFC 792) and ICMPv6 (RFC 4443, section 2.1) begin with; an error goes on with the packet
 * that it quotes:
 * ```
 *  0       1       2               4                               8
 * +-------+-------+---------------+-------------------------------+
 * | type  | code  |   checksum    | what the type makes of it     |
 * +-------+-------+---------------+-------------------------------+
 * ```
 */
export interface IcmpHeader {
  readonly type: number;
  readonly code: number;
  readonly checksum: number;
  /** Bytes 4 to 7: see {@link echoOf}, {@link mtuOf}, {@link icmpv6MtuOf}. */
  readonly rest: number;
}

/** Writes the header, its checksum as it is given; returns where the body begins. */
export function encodeIcmp(header: IcmpHeader, bytes: Uint8Array, offset = 0): number {
  const view = viewFrom(bytes, offset);
  view.setUint8(0, header.type);
  view.setUint8(1, header.code);
  view.setUint16(2, header.checksum);
  view.setUint32(4, header.rest);
  return offset + ICMP_BYTES;
}

export function decodeIcmp(
  bytes: Uint8Array,
  offset = 0,
): Decoded<{ readonly header: IcmpHeader; readonly bodyOffset: number }> {
  if (!hasBytes(bytes, offset, ICMP_BYTES)) return truncated;
  const view = viewFrom(bytes, offset);
  const header = {
    type: view.getUint8(0),
    code: view.getUint8(1),
    checksum: view.getUint16(2),
    rest: view.getUint32(4),
  };
  return { ok: true, header, bodyOffset: offset + ICMP_BYTES };
}

/** Computes the checksum of an ICMP message that ends with the array, and writes it. */
export function setIcmpChecksum(bytes: Uint8Array, offset: number): void {
  const view = viewFrom(bytes, offset);
  view.setUint16(2, 0);
  view.setUint16(2, internetChecksum(bytes.subarray(offset)));
}

/** Identifier and sequence number of an echo, of either family. */
export function echoOf({ rest }: Pick<IcmpHeader, 'rest'>): { readonly identifier: number; readonly sequence: number } {
  return { identifier: rest >>> 16, sequence: rest & 0xffff };
}

/** MTU of "fragmentation needed" (RFC 1191, section 4), in bytes. */
export function mtuOf({ rest }: Pick<IcmpHeader, 'rest'>): number {
  return rest & 0xffff;
}

/** Does a message of this type quote the packet that it is about, from `bodyOffset` on? */
export function isIcmpError(type: number): boolean {
  return type === IcmpType.unreachable || type === IcmpType.timeExceeded || type === IcmpType.parameterProblem;
}
