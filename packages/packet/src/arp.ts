import { type Decoded, hasBytes, malformed, truncated, viewFrom } from './decoded.js';

/** RFC 826, "ares_op$reply" and "ares_op$request". */
export const ArpOperation = { request: 1, reply: 2 } as const;

export const ARP_BYTES = 28;
const HARDWARE_ETHERNET = 1;
const PROTOCOL_IPV4 = 0x0800;

/**
 * ARP for IPv4 over Ethernet (RFC 826):
 * ```
 *  0       2       4   5   6       8            14         18           24         28
 * +-------+-------+---+---+-------+------------+----------+------------+----------+
 * | hw 1  | 0800  | 6 | 4 | oper. | sender MAC | sender IP| target MAC | target IP|
 * +-------+-------+---+---+-------+------------+----------+------------+----------+
 * ```
 */
export interface ArpPacket {
  readonly operation: number;
  /** 6 bytes. */
  readonly senderMac: Uint8Array;
  /** 4 bytes, network order; so is the target's. */
  readonly senderAddress: Uint8Array;
  readonly targetMac: Uint8Array;
  readonly targetAddress: Uint8Array;
}

export function encodeArp(packet: ArpPacket, bytes: Uint8Array, offset = 0): number {
  const view = viewFrom(bytes, offset);
  view.setUint16(0, HARDWARE_ETHERNET);
  view.setUint16(2, PROTOCOL_IPV4);
  view.setUint8(4, 6);
  view.setUint8(5, 4);
  view.setUint16(6, packet.operation);
  bytes.set(packet.senderMac, offset + 8);
  bytes.set(packet.senderAddress, offset + 14);
  bytes.set(packet.targetMac, offset + 18);
  bytes.set(packet.targetAddress, offset + 24);
  return offset + ARP_BYTES;
}

/** `malformed`: other hardware or protocol addresses than Ethernet's and IPv4's. */
export function decodeArp(bytes: Uint8Array, offset = 0): Decoded<{ readonly packet: ArpPacket }> {
  if (!hasBytes(bytes, offset, ARP_BYTES)) return truncated;
  const view = viewFrom(bytes, offset);
  const isEthernet = view.getUint16(0) === HARDWARE_ETHERNET && view.getUint8(4) === 6;
  const isIpv4 = view.getUint16(2) === PROTOCOL_IPV4 && view.getUint8(5) === 4;
  if (!isEthernet || !isIpv4) return malformed;
  const part = (from: number, to: number) => bytes.slice(offset + from, offset + to);
  return {
    ok: true,
    packet: {
      operation: view.getUint16(6),
      senderMac: part(8, 14),
      senderAddress: part(14, 18),
      targetMac: part(18, 24),
      targetAddress: part(24, 28),
    },
  };
}
