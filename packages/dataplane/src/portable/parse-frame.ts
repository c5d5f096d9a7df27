import {
  decodeEthernet,
  decodeIpv4,
  decodeIpv6,
  EtherType,
  IPV6_BYTES,
  IpProtocol,
  type Ipv4Header,
} from '@weir/packet';
import type { DropReason } from '../drop-reason.js';
import { walkExtensions } from './extension-headers.js';
import { carriesPorts, transportBytesMin } from './transport.js';

/** An IPv4 or IPv6 packet in a frame, read as far as a decision needs. Offsets count from the IP header. */
export interface IpPacket {
  readonly frame: Uint8Array;
  /** Where the IP header begins in the frame. */
  readonly ipOffset: number;
  readonly family: 4 | 6;
  /** Of the IP packet, without what Ethernet padded. */
  readonly bytes: number;
  /** 4 or 16 bytes, network order; so is the destination. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: number;
  /** IPv6: hop limit. */
  readonly ttl: number;
  /** DSCP and ECN. */
  readonly trafficClass: number;
  readonly transportOffset: number;
  /** 0 where the protocol has none, and in a later fragment. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** 0 where it is not TCP. */
  readonly tcpFlags: number;
  readonly fragment: Fragment | undefined;
}

export interface Fragment {
  /** 16 bits in IPv4, 32 in IPv6. */
  readonly identification: number;
  /** The one that carries the transport header. */
  readonly isFirst: boolean;
}

/** What a frame turned out to be. */
export type Parsed =
  /** Nothing that a load balancer looks at. */
  | { readonly kind: 'other' }
  | { readonly kind: 'packet'; readonly packet: IpPacket }
  /** No packet that could be forwarded, whoever it is for. */
  | { readonly kind: 'refused'; readonly reason: DropReason }
  /** IPv6 whose extension headers are too many or cut off: dropped if it is for a VIP. */
  | { readonly kind: 'unreadable'; readonly destination: Uint8Array };

/** Offset in the TCP header (RFC 9293, section 3.1). */
const TCP_FLAGS = 13;

const other: Parsed = { kind: 'other' };
const truncatedTransport: Parsed = { kind: 'refused', reason: 'truncated_transport' };

/** docs/packet-path.md, section 1. */
export function parseFrame(frame: Uint8Array): Parsed {
  const ethernet = decodeEthernet(frame);
  if (!ethernet.ok) return other;
  if (ethernet.header.etherType === EtherType.ipv4) return parseIpv4(frame, ethernet.payloadOffset);
  if (ethernet.header.etherType === EtherType.ipv6) return parseIpv6(frame, ethernet.payloadOffset);
  return other;
}

function parseIpv4(frame: Uint8Array, ipOffset: number): Parsed {
  const ip = decodeIpv4(frame, ipOffset);
  if (!ip.ok) return { kind: 'refused', reason: `${ip.reason}_ipv4` };
  const { source, destination, protocol, ttl, trafficClass } = ip.header;
  return withTransport({
    frame,
    ipOffset,
    family: 4,
    bytes: ip.header.totalBytes,
    source,
    destination,
    protocol,
    ttl,
    trafficClass,
    transportOffset: ip.payloadOffset - ipOffset,
    sourcePort: 0,
    destinationPort: 0,
    tcpFlags: 0,
    fragment: fragmentOf(ip.header),
  });
}

function parseIpv6(frame: Uint8Array, ipOffset: number): Parsed {
  const ip = decodeIpv6(frame, ipOffset);
  if (!ip.ok) return { kind: 'refused', reason: `${ip.reason}_ipv6` };
  const { source, destination, trafficClass, payloadBytes, nextHeader, hopLimit } = ip.header;
  const bytes = IPV6_BYTES + payloadBytes;
  const walked = walkExtensions(frame.subarray(ipOffset, ipOffset + bytes), nextHeader, IPV6_BYTES);
  if (walked === 'unreadable') return { kind: 'unreadable', destination };
  return withTransport({
    frame,
    ipOffset,
    family: 6,
    bytes,
    source,
    destination,
    protocol: walked.protocol,
    ttl: hopLimit,
    trafficClass,
    transportOffset: walked.transportOffset,
    sourcePort: 0,
    destinationPort: 0,
    tcpFlags: 0,
    fragment: walked.fragment,
  });
}

function fragmentOf({ fragmentOffset, moreFragments, identification }: Ipv4Header): Fragment | undefined {
  return fragmentOffset > 0 || moreFragments ? { identification, isFirst: fragmentOffset === 0 } : undefined;
}

/** Reads ports and flags into a packet that has none yet. */
function withTransport(packet: { -readonly [K in keyof IpPacket]: IpPacket[K] }): Parsed {
  const { frame, ipOffset, family, protocol, transportOffset } = packet;
  if (packet.fragment?.isFirst === false) return { kind: 'packet', packet };
  const bytesMin = transportBytesMin(family, protocol);
  if (bytesMin === undefined) return other;
  if (transportOffset + bytesMin > packet.bytes) return truncatedTransport;
  if (!carriesPorts(protocol)) return { kind: 'packet', packet };
  const view = new DataView(frame.buffer, frame.byteOffset + ipOffset + transportOffset, bytesMin);
  packet.sourcePort = view.getUint16(0);
  packet.destinationPort = view.getUint16(2);
  if (protocol === IpProtocol.tcp) packet.tcpFlags = view.getUint8(TCP_FLAGS);
  return { kind: 'packet', packet };
}
