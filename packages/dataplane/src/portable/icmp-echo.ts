import { IcmpType, Icmpv6Type } from '@weir/packet';
import type { IpPacket } from './parse-frame.js';
import { setTtl } from './take-hop.js';
import { edit } from './translate.js';

const REPLY_TTL = 64;
const MAC_BYTES = 6;
const addresses = { 4: { from: 12, bytes: 4 }, 6: { from: 8, bytes: 16 } } as const;

/** Is this the first byte of a message that asks for an answer? */
export function isEchoRequest({ frame, ipOffset, family, transportOffset }: IpPacket): boolean {
  const type = frame[ipOffset + transportOffset];
  return type === (family === 4 ? IcmpType.echoRequest : Icmpv6Type.echoRequest);
}

/** The frame that answers an echo request: back where it came from, tags and all. */
export function echoReply({ frame, ipOffset, family, bytes, transportOffset }: IpPacket): Uint8Array {
  const reply = frame.slice();
  swap(reply, 0, MAC_BYTES);
  const packet = reply.subarray(ipOffset, ipOffset + bytes);
  swap(packet, addresses[family].from, addresses[family].bytes);
  setTtl(packet, family, () => REPLY_TTL);
  const type = family === 4 ? IcmpType.echoReply : Icmpv6Type.echoReply;
  const code = packet[transportOffset + 1] as number;
  edit(packet, transportOffset, Uint8Array.of(type, code), [transportOffset + 2]);
  return reply;
}

/** Exchanges two fields of the same length, one after the other. The sums over both stay. */
export function swap(bytes: Uint8Array, at: number, length: number): void {
  const first = bytes.slice(at, at + length);
  bytes.copyWithin(at, at + length, at + 2 * length);
  bytes.set(first, at + length);
}
