import {
  addressToBytes,
  buildFrame,
  encodeIpv4,
  encodeIpv6,
  encodeTcp,
  encodeUdp,
  IPV4_BYTES_MIN,
  IPV6_BYTES,
  type PacketEnds,
  setTcpChecksum,
  setUdpChecksum,
  TCP_BYTES_MIN,
  UDP_BYTES,
} from '@weir/packet';
import { foreignMac, interfaces } from './lab-addresses.js';

/** All that a generated packet is made from; plain data, so that it shrinks and prints well. */
export interface FramePlan {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly ttl: number;
  readonly trafficClass: number;
  readonly tcpFlags: number;
  readonly tcpSequence: number;
  /** Hex. */
  readonly tcpOptions: string;
  readonly payloadBytes: number;
  /** A sum that is right, 0 or wrong. */
  readonly checksum: 'right' | 'zero' | 'wrong';
  /** Words of no-operation in IPv4, extension headers in IPv6. */
  readonly extensions: readonly number[];
  readonly fragment: { readonly identification: number; readonly offset: number; readonly more: boolean } | undefined;
  /** Whose MAC address the frame carries: of an interface of the node, or of another one. */
  readonly to: 'eth0' | 'eth1' | 'another node';
  readonly tags: readonly number[];
  readonly paddingBytes: number;
  readonly damage: Damage | undefined;
  /** IP claims no more than this for the transport; undefined: all of it. */
  readonly transportBytesMax: number | undefined;
}

export type Damage =
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'set'; readonly at: number; readonly value: number };

export const Protocol = { icmp: 1, tcp: 6, udp: 17, gre: 47, esp: 50, ah: 51, icmpv6: 58, sctp: 132 } as const;
const Extension = { hopByHop: 0, routing: 43, fragment: 44, destination: 60 } as const;

/** The frame that a plan says, for the node's first interface. */
export function frameOf(plan: FramePlan): Uint8Array {
  return frameWith(ipPacketOf(plan, transportOf(plan).slice(0, plan.transportBytesMax)), plan);
}

/** A packet, by default an honest one, in a frame for the node. */
export function frameWith(
  packet: Uint8Array,
  { to, tags, paddingBytes, damage }: Pick<FramePlan, 'to' | 'tags' | 'paddingBytes' | 'damage'> = plainFrame,
): Uint8Array {
  const frame = buildFrame(
    {
      destination: macOf(interfaces.find(({ name }) => name === to)?.mac ?? foreignMac),
      source: macOf(interfaces[0].neighbourMac),
      tags: tags.map((id) => ({ tpid: id % 2 === 0 ? 0x8100 : 0x88a8, priority: 0, dropEligible: false, id })),
    },
    packet,
  );
  const padded = new Uint8Array(frame.byteLength + paddingBytes);
  padded.set(frame);
  return damaged(padded, damage);
}

/** BPF_PROG_TEST_RUN takes no shorter frames. */
const FRAME_BYTES_MIN = 14;

function damaged(frame: Uint8Array, damage: Damage | undefined): Uint8Array {
  if (damage === undefined) return frame;
  if (damage.kind === 'cut') return frame.slice(0, Math.max(FRAME_BYTES_MIN, damage.at % frame.byteLength));
  // Not in the MAC addresses: those are another test's.
  const at = 12 + (damage.at % (frame.byteLength - 12));
  frame[at] = damage.value;
  return frame;
}

export function macOf(text: string): Uint8Array {
  return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
}

/** With the bytes of ICMP, whose checksum is made elsewhere, as `transport`. */
export function ipPacketOf(plan: FramePlan, transport: Uint8Array): Uint8Array {
  return plan.source.includes(':') ? ipv6PacketOf(plan, transport) : ipv4PacketOf(plan, transport);
}

function ipv4PacketOf(plan: FramePlan, transport: Uint8Array): Uint8Array {
  const options = new Uint8Array(4 * Math.min(10, plan.extensions.length)).fill(1);
  const totalBytes = IPV4_BYTES_MIN + options.byteLength + transport.byteLength;
  const packet = new Uint8Array(totalBytes);
  const at = encodeIpv4(
    {
      ...addressesOf(plan),
      trafficClass: plan.trafficClass,
      totalBytes,
      identification: (plan.fragment?.identification ?? 0) & 0xffff,
      dontFragment: false,
      moreFragments: plan.fragment?.more ?? false,
      fragmentOffset: (plan.fragment?.offset ?? 0) * 8,
      ttl: plan.ttl,
      protocol: plan.protocol,
      options,
    },
    packet,
  );
  packet.set(transport, at);
  return packet;
}

function ipv6PacketOf(plan: FramePlan, transport: Uint8Array): Uint8Array {
  const kinds = [...plan.extensions, ...(plan.fragment === undefined ? [] : [Extension.fragment])];
  const headers = kinds.map((kind, i) => extensionHeader(kind, kinds[i + 1] ?? plan.protocol, plan.fragment));
  const payload = Uint8Array.from([...headers.flatMap((header) => [...header]), ...transport]);
  const packet = new Uint8Array(IPV6_BYTES + payload.byteLength);
  const at = encodeIpv6(
    {
      ...addressesOf(plan),
      trafficClass: plan.trafficClass,
      flowLabel: 0,
      payloadBytes: payload.byteLength,
      nextHeader: kinds[0] ?? plan.protocol,
      hopLimit: plan.ttl,
    },
    packet,
  );
  packet.set(payload, at);
  return packet;
}

function extensionHeader(kind: number, next: number, fragment: FramePlan['fragment']): Uint8Array {
  const header = new Uint8Array(8);
  header[0] = next;
  if (kind !== Extension.fragment) return header;
  const view = new DataView(header.buffer);
  view.setUint16(2, ((fragment?.offset ?? 0) << 3) | (fragment?.more ? 1 : 0));
  view.setUint32(4, fragment?.identification ?? 0);
  return header;
}

function addressesOf({ source, destination }: PacketEnds): { source: Uint8Array; destination: Uint8Array } {
  return { source: addressToBytes(source), destination: addressToBytes(destination) };
}

/** A transport header with its payload; what is neither TCP nor UDP has the two ports first and zeros behind. */
function transportOf(plan: FramePlan): Uint8Array {
  const { protocol, sourcePort, destinationPort, payloadBytes } = plan;
  if (protocol === Protocol.tcp) return tcpOf(plan);
  if (protocol === Protocol.udp) return udpOf(plan);
  const bytes = new Uint8Array(12 + payloadBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  return bytes;
}

function tcpOf(plan: FramePlan): Uint8Array {
  const options = Uint8Array.from(Buffer.from(plan.tcpOptions, 'hex'));
  const bytes = new Uint8Array(TCP_BYTES_MIN + options.byteLength + plan.payloadBytes);
  const { source, destination } = addressesOf(plan);
  encodeTcp(
    {
      sourcePort: plan.sourcePort,
      destinationPort: plan.destinationPort,
      sequence: plan.tcpSequence,
      acknowledgment: 0,
      flags: plan.tcpFlags,
      window: 8192,
      checksum: 0,
      urgentPointer: 0,
      options,
    },
    bytes,
  );
  setTcpChecksum(bytes, 0, source, destination);
  return withChecksum(bytes, 16, plan.checksum);
}

function udpOf(plan: FramePlan): Uint8Array {
  const bytes = new Uint8Array(UDP_BYTES + plan.payloadBytes);
  const { source, destination } = addressesOf(plan);
  const { sourcePort, destinationPort } = plan;
  encodeUdp({ sourcePort, destinationPort, bytes: bytes.byteLength, checksum: 0 }, bytes);
  setUdpChecksum(bytes, 0, source, destination);
  return withChecksum(bytes, 6, plan.checksum);
}

function withChecksum(bytes: Uint8Array, at: number, kind: FramePlan['checksum']): Uint8Array {
  const view = new DataView(bytes.buffer);
  if (kind === 'zero') view.setUint16(at, 0);
  if (kind === 'wrong') view.setUint16(at, view.getUint16(at) ^ 0xffff);
  return bytes;
}

/** An ACK from nobody to nobody. */
export const plainFrame: FramePlan = {
  source: '',
  destination: '',
  protocol: Protocol.tcp,
  sourcePort: 0,
  destinationPort: 0,
  ttl: 64,
  trafficClass: 0,
  tcpFlags: 0x10,
  tcpSequence: 1,
  tcpOptions: '',
  payloadBytes: 0,
  checksum: 'right',
  extensions: [],
  fragment: undefined,
  to: 'eth0',
  tags: [],
  paddingBytes: 0,
  damage: undefined,
  transportBytesMax: undefined,
};
