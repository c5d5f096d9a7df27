import {
  canonicalAddress,
  decodeIcmp,
  type IcmpHeader,
  IcmpType,
  Icmpv6Type,
  IPV6_BYTES,
  IpProtocol,
} from '@weir/packet';
import type { Socket } from 'raw-socket';
import { RawExchange } from './raw-exchange.js';

/** What came back for an echo request. */
export type EchoAnswer =
  | { readonly kind: 'reply'; readonly source: string; readonly body: Uint8Array }
  | { readonly kind: 'unreachable'; readonly source: string; readonly code: number };

/** Levels and options of <linux/icmp.h> and <linux/icmpv6.h>: a bit that is set keeps a type away. */
const Filter4 = { level: 255, option: 1 } as const;
const Filter6 = { level: 58, option: 1, bytes: 32 } as const;

/** Echoes of IPv4 by identifier and sequence number, as one number of 32 bits. */
export const echoes4 = new RawExchange<EchoAnswer>({
  family: 4,
  protocol: IpProtocol.icmp,
  prepare: (socket) =>
    socket.setOption(Filter4.level, Filter4.option, ~((1 << IcmpType.echoReply) | (1 << IcmpType.unreachable)) >>> 0),
  read: (packet, source) => readEcho(packet, headerBytes4(packet, 0), source, IcmpType, headerBytes4),
});

/** Echoes of IPv6, likewise. */
export const echoes6 = new RawExchange<EchoAnswer>({
  family: 6,
  protocol: IpProtocol.icmpv6,
  prepare: filter6,
  read: (packet, source) => readEcho(packet, 0, source, Icmpv6Type, () => IPV6_BYTES),
});

function readEcho(
  packet: Buffer,
  offset: number,
  source: string,
  type: Pick<typeof IcmpType | typeof Icmpv6Type, 'echoReply' | 'echoRequest' | 'unreachable'>,
  headerBytes: (packet: Buffer, offset: number) => number,
): { key: number; answer: EchoAnswer } | undefined {
  const decoded = decodeIcmp(packet, offset);
  if (!decoded.ok) return undefined;
  const { header, bodyOffset } = decoded;
  const from = canonicalAddress(source);
  if (header.type === type.echoReply) {
    return { key: header.rest, answer: { kind: 'reply', source: from, body: packet.subarray(bodyOffset) } };
  }
  if (header.type !== type.unreachable) return undefined;
  const quoted = quotedEcho(packet, bodyOffset + headerBytes(packet, bodyOffset));
  if (quoted?.type !== type.echoRequest) return undefined;
  return { key: quoted.rest, answer: { kind: 'unreachable', source: from, code: header.code } };
}

/** The header of the request that an error is about; routers need not quote more of it (RFC 792). */
function quotedEcho(packet: Buffer, offset: number): IcmpHeader | undefined {
  const decoded = decodeIcmp(packet, offset);
  return decoded.ok ? decoded.header : undefined;
}

function headerBytes4(packet: Buffer, offset: number): number {
  return ((packet[offset] ?? 0) & 0x0f) * 4;
}

function filter6(socket: Socket): void {
  const filter = Buffer.alloc(Filter6.bytes, 0xff);
  for (const type of [Icmpv6Type.echoReply, Icmpv6Type.unreachable]) {
    const word = (type >> 5) * 4;
    filter.writeUInt32LE((filter.readUInt32LE(word) & ~(1 << (type & 31))) >>> 0, word);
  }
  socket.setOption(Filter6.level, Filter6.option, filter, filter.byteLength);
}
