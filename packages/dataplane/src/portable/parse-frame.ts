import {
  decodeEthernet,
  decodeIpv4,
  decodeIpv6,
  EtherType,
  IPV6_BYTES,
  IpProtocol,
  type Ipv4Header,
  type Ipv6Header,
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
  return parseTransport({
    ...headOf(frame, ipOffset, ip.header),
    family: 4,
    bytes: ip.header.totalBytes,
    protocol: ip.header.protocol,
    ttl: ip.header.ttl,
    transportOffset: ip.payloadOffset - ipOffset,
    fragment: fragmentOf(ip.header),
  });
}

function parseIpv6(frame: Uint8Array, ipOffset: number): Parsed {
  const ip = decodeIpv6(frame, ipOffset);
  if (!ip.ok) return { kind: 'refused', reason: `${ip.reason}_ipv6` };
  const bytes = IPV6_BYTES + ip.header.payloadBytes;
  const walked = walkExtensions(frame.subarray(ipOffset, ipOffset + bytes), ip.header.nextHeader, IPV6_BYTES);
  if (walked === 'unreadable') return { kind: 'unreadable', destination: ip.header.destination };
  return parseTransport({
    ...headOf(frame, ipOffset, ip.header),
    family: 6,
    bytes,
    ttl: ip.header.hopLimit,
    ...walked,
  });
}

type Head = Omit<IpPacket, 'sourcePort' | 'destinationPort' | 'tcpFlags'>;

function headOf(frame: Uint8Array, ipOffset: number, header: Ipv4Header | Ipv6Header) {
  const { source, destination, trafficClass } = header;
  return { frame, ipOffset, source, destination, trafficClass };
}

function fragmentOf({ fragmentOffset, moreFragments, identification }: Ipv4Header): Fragment | undefined {
  return fragmentOffset > 0 || moreFragments ? { identification, isFirst: fragmentOffset === 0 } : undefined;
}

function parseTransport(head: Head): Parsed {
  const bytesMin = transportBytesMin(head.family, head.protocol);
  const withoutPorts = { ...head, sourcePort: 0, destinationPort: 0, tcpFlags: 0 };
  if (head.fragment?.isFirst === false) return { kind: 'packet', packet: withoutPorts };
  if (bytesMin === undefined) return other;
  if (head.transportOffset + bytesMin > head.bytes) return truncatedTransport;
  if (!carriesPorts(head.protocol)) return { kind: 'packet', packet: withoutPorts };
  const at = head.ipOffset + head.transportOffset;
  const view = new DataView(head.frame.buffer, head.frame.byteOffset + at, bytesMin);
  const tcpFlags = head.protocol === IpProtocol.tcp ? view.getUint8(13) : 0;
  const packet = { ...head, sourcePort: view.getUint16(0), destinationPort: view.getUint16(2), tcpFlags };
  return { kind: 'packet', packet };
}
