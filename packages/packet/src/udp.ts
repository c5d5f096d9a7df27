import { internetChecksum, pseudoHeaderSum } from './checksum.js';
import { type Decoded, hasBytes, malformed, truncated, viewFrom } from './decoded.js';
import { IpProtocol } from './ipv4.js';

export const UDP_BYTES = 8;
const CHECKSUM_OFFSET = 6;

/**
 * ```
 *  0               16              32              48              64
 * +---------------+---------------+---------------+---------------+
 * |  source port  |   dest. port  |    length     |   checksum    |
 * +---------------+---------------+---------------+---------------+
 * ```
 * RFC 768.
 */
export interface UdpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Of header and payload. */
  readonly bytes: number;
  /** 0: none; legal over IPv4, and over IPv6 for tunnels (RFC 6935). */
  readonly checksum: number;
}

/** Writes the header, its checksum as it is given; returns where the payload begins. See {@link setUdpChecksum}. */
export function encodeUdp(header: UdpHeader, bytes: Uint8Array, offset = 0): number {
  const view = viewFrom(bytes, offset);
  view.setUint16(0, header.sourcePort);
  view.setUint16(2, header.destinationPort);
  view.setUint16(4, header.bytes);
  view.setUint16(CHECKSUM_OFFSET, header.checksum);
  return offset + UDP_BYTES;
}

/** Computes the checksum of a datagram that ends with the array, and writes it; a sum of 0 is sent as 0xffff. */
export function setUdpChecksum(bytes: Uint8Array, offset: number, source: Uint8Array, destination: Uint8Array): void {
  const datagram = bytes.subarray(offset);
  const view = viewFrom(bytes, offset);
  view.setUint16(CHECKSUM_OFFSET, 0);
  const start = pseudoHeaderSum(source, destination, IpProtocol.udp, datagram.byteLength);
  view.setUint16(CHECKSUM_OFFSET, internetChecksum(datagram, start) || 0xffff);
}

/** `malformed`: the length is less than the header's; `truncated`: more than there is. */
export function decodeUdp(
  bytes: Uint8Array,
  offset = 0,
): Decoded<{ readonly header: UdpHeader; readonly payloadOffset: number }> {
  if (!hasBytes(bytes, offset, UDP_BYTES)) return truncated;
  const view = viewFrom(bytes, offset);
  const header: UdpHeader = {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    bytes: view.getUint16(4),
    checksum: view.getUint16(CHECKSUM_OFFSET),
  };
  if (header.bytes < UDP_BYTES) return malformed;
  if (!hasBytes(bytes, offset, header.bytes)) return truncated;
  return { ok: true, header, payloadOffset: offset + UDP_BYTES };
}
