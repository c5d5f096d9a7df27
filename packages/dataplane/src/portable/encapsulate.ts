import {
  EtherType,
  encodeGre,
  encodeGue,
  encodeGueHops,
  encodeIpv4,
  encodeIpv6,
  encodeUdp,
  GRE_BYTES_MIN,
  GUE_BYTES_MIN,
  gueHopsBytes,
  IPV4_BYTES_MIN,
  IPV6_BYTES,
  IpProtocol,
  UDP_BYTES,
} from '@weir/packet';
import type { ForwardingMethod } from '../forwarding-method.js';

const OUTER_TTL = 64;
const nothing = new Uint8Array();

/** The tunnel that a packet goes through. */
export interface Tunnel {
  readonly forwarding: ForwardingMethod;
  /** 4 or 16 bytes, network order; so is the destination. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Of the flow: routers spread tunnels by the source port or the flow label (RFC 6438) that it gives. */
  readonly hash: number;
  /** Where to try next, in turn, with header `hops`; of the destination's family. */
  readonly hops: readonly Uint8Array[];
}

/** What a packet for the tunnel is. */
export interface Inner {
  readonly family: 4 | 6;
  /** Of the packet, without what Ethernet padded. */
  readonly bytes: number;
  /** Copied outside: DSCP uniform, ECN as the normal mode of RFC 6040, section 4.1. */
  readonly trafficClass: number;
}

/** Length of what goes before the packet; 0: the method has no tunnel. */
export function outerBytes(forwarding: ForwardingMethod, destination: Uint8Array, hops: readonly Uint8Array[]): number {
  const ipBytes = destination.byteLength === 4 ? IPV4_BYTES_MIN : IPV6_BYTES;
  switch (forwarding.method) {
    case 'ipip':
    case 'gre':
    case 'gue':
      return ipBytes + shimBytes(forwarding, familyOf(destination), hops);
    default:
      return 0;
  }
}

/** The packet, and what Ethernet padded behind it, in outer headers. */
export function encapsulate(packet: Uint8Array, inner: Inner, tunnel: Tunnel): Uint8Array {
  const { forwarding, source, destination, hash, hops } = tunnel;
  const headBytes = outerBytes(forwarding, destination, hops);
  const bytes = new Uint8Array(headBytes + packet.byteLength);
  bytes.set(packet, headBytes);
  const protocol = outerProtocol(forwarding, inner.family);
  const totalBytes = headBytes + inner.bytes;
  const ends = { trafficClass: inner.trafficClass, source, destination };
  // With DF the identification says nothing (RFC 6864, section 4.1).
  const unfragmented = { identification: 0, dontFragment: true, moreFragments: false, fragmentOffset: 0 };
  const at =
    destination.byteLength === 4
      ? encodeIpv4({ ...ends, ...unfragmented, totalBytes, ttl: OUTER_TTL, protocol, options: nothing }, bytes)
      : encodeIpv6(
          {
            ...ends,
            flowLabel: hash & 0xfffff,
            payloadBytes: totalBytes - IPV6_BYTES,
            nextHeader: protocol,
            hopLimit: OUTER_TTL,
          },
          bytes,
        );
  writeShim(bytes, at, inner, tunnel);
  return bytes;
}

/** Between the outer and the inner IP header. */
function shimBytes(forwarding: ForwardingMethod, family: 4 | 6, hops: readonly Uint8Array[]): number {
  if (forwarding.method === 'gre') return GRE_BYTES_MIN;
  if (forwarding.method !== 'gue') return 0;
  const bytes = { none: 0, gue: GUE_BYTES_MIN, hops: gueHopsBytes({ family, hops }) };
  return UDP_BYTES + bytes[forwarding.header];
}

function writeShim(bytes: Uint8Array, at: number, inner: Inner, { forwarding, destination, hash, hops }: Tunnel): void {
  if (forwarding.method === 'gre') {
    encodeGre({ protocol: inner.family === 4 ? EtherType.ipv4 : EtherType.ipv6 }, bytes, at);
  }
  if (forwarding.method !== 'gue') return;
  const udp = {
    sourcePort: 0xc000 | (hash >>> 18),
    destinationPort: forwarding.port,
    bytes: shimBytes(forwarding, familyOf(destination), hops) + inner.bytes,
    checksum: 0, // RFC 6935 allows it over IPv6 too: the packet inside has its own.
  };
  const behindUdp = encodeUdp(udp, bytes, at);
  if (forwarding.header === 'none') return;
  const protocol = innerProtocol(inner.family);
  if (forwarding.header === 'hops') {
    encodeGueHops({ protocol, family: familyOf(destination), nextHop: 0, hops }, bytes, behindUdp);
    return;
  }
  encodeGue({ control: false, protocol, flags: 0, optional: nothing }, bytes, behindUdp);
}

function familyOf(address: Uint8Array): 4 | 6 {
  return address.byteLength === 4 ? 4 : 6;
}

function outerProtocol({ method }: ForwardingMethod, family: 4 | 6): number {
  if (method === 'gre') return IpProtocol.gre;
  return method === 'gue' ? IpProtocol.udp : innerProtocol(family);
}

function innerProtocol(family: 4 | 6): number {
  return family === 4 ? IpProtocol.ipv4 : IpProtocol.ipv6;
}
