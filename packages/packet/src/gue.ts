import { type Decoded, hasBytes, malformed, truncated, viewFrom } from './decoded.js';
import { IpProtocol } from './ipv4.js';

/** IANA's UDP port for GUE. */
export const GUE_UDP_PORT = 6080;
export const GUE_BYTES_MIN = 4;

const CONTROL = 0x20;
const OPTIONAL_BYTES_MAX = 31 * 4;

/**
 * Variant 0 of draft-ietf-intarea-gue-09, section 3.1:
 * ```
 *  0   2 3         8               16                              32
 * +---+-+---------+---------------+-------------------------------+
 * | 0 |C|  Hlen   | proto/ctype   |            flags              |
 * +---+-+---------+---------------+-------------------------------+
 * |          extension fields and private data, 4 x Hlen          |
 * ```
 */
export interface GueHeader {
  readonly control: boolean;
  /** IP protocol of what is carried; for a control message, its type. */
  readonly protocol: number;
  readonly flags: number;
  /** Extension fields as the flags say, then private data; 0 to 124 bytes, a multiple of 4. */
  readonly optional: Uint8Array;
}

/** Where a GUE packet's payload begins, and what it is. Variant 1 has no header: the payload is IP itself (section 4). */
export type GuePacket =
  | { readonly variant: 0; readonly header: GueHeader; readonly protocol: number; readonly payloadOffset: number }
  | { readonly variant: 1; readonly protocol: number; readonly payloadOffset: number };

export function gueBytes({ optional }: Pick<GueHeader, 'optional'>): number {
  return GUE_BYTES_MIN + optional.byteLength;
}

/** Writes a header of variant 0; returns where the payload begins. */
export function encodeGue(header: GueHeader, bytes: Uint8Array, offset = 0): number {
  if (header.optional.byteLength > OPTIONAL_BYTES_MAX || header.optional.byteLength % 4 !== 0) {
    throw new RangeError(
      `GUE carries 0 to ${OPTIONAL_BYTES_MAX} optional bytes in words of 4, not ${header.optional.byteLength}`,
    );
  }
  const view = viewFrom(bytes, offset);
  view.setUint8(0, (header.control ? CONTROL : 0) | (header.optional.byteLength / 4));
  view.setUint8(1, header.protocol);
  view.setUint16(2, header.flags);
  bytes.set(header.optional, offset + GUE_BYTES_MIN);
  return offset + gueBytes(header);
}

/** Reads what follows a UDP header. `malformed`: a variant that is not defined, or variant 1 without IP in it. */
export function decodeGue(bytes: Uint8Array, offset = 0): Decoded<{ readonly packet: GuePacket }> {
  if (!hasBytes(bytes, offset, GUE_BYTES_MIN)) return truncated;
  const view = viewFrom(bytes, offset);
  const first = view.getUint8(0);
  const variant = first >> 6;
  if (variant === 1) {
    // The two bits are the first of an IP version: 4 or 6.
    const version = first >> 4;
    if (version !== 4 && version !== 6) return malformed;
    const protocol = version === 4 ? IpProtocol.ipv4 : IpProtocol.ipv6;
    return { ok: true, packet: { variant, protocol, payloadOffset: offset } };
  }
  if (variant !== 0) return malformed;
  const optionalBytes = (first & 0x1f) * 4;
  if (!hasBytes(bytes, offset, GUE_BYTES_MIN + optionalBytes)) return truncated;
  const payloadOffset = offset + GUE_BYTES_MIN + optionalBytes;
  const header: GueHeader = {
    control: (first & CONTROL) !== 0,
    protocol: view.getUint8(1),
    flags: view.getUint16(2),
    optional: bytes.slice(offset + GUE_BYTES_MIN, payloadOffset),
  };
  return { ok: true, packet: { variant, header, protocol: header.protocol, payloadOffset } };
}
