import { type EthernetHeader, EtherType, encodeEthernet, ethernetBytes } from './ethernet.js';
import { encodeIcmp, ICMP_BYTES, type IcmpHeader, setIcmpChecksum } from './icmp.js';
import { setIcmpv6Checksum } from './icmpv6.js';
import { AddressError, addressToBytes } from './ip-address.js';
import { encodeIpv4, IPV4_BYTES_MIN, IpProtocol } from './ipv4.js';
import { encodeIpv6, IPV6_BYTES } from './ipv6.js';
import { encodeTcp, setTcpChecksum, type TcpHeader, tcpBytes } from './tcp.js';
import { encodeUdp, setUdpChecksum, UDP_BYTES, type UdpHeader } from './udp.js';

/** The IP header of a packet that is built: IPv4 or IPv6, as its addresses are. */
export interface PacketEnds {
  /** As text. */
  readonly source: string;
  readonly destination: string;
  /** Hop limit in IPv6. Default 64. */
  readonly ttl?: number;
  /** DSCP and ECN. Default 0. */
  readonly trafficClass?: number;
}

const nothing = new Uint8Array();

/**
 * A whole packet with one TCP segment; lengths and checksums are right, what is not given is 0 or empty.
 *
 * @throws {AddressError} ADDRESS_INVALID, FAMILIES_DIFFER
 */
export function buildTcpPacket(
  ends: PacketEnds,
  segment: Pick<TcpHeader, 'sourcePort' | 'destinationPort'> & Partial<Omit<TcpHeader, 'checksum'>>,
  payload: Uint8Array = nothing,
): Uint8Array {
  const header: TcpHeader = {
    sequence: 0,
    acknowledgment: 0,
    flags: 0,
    window: 0,
    urgentPointer: 0,
    options: nothing,
    ...segment,
    checksum: 0,
  };
  return buildPacket(ends, IpProtocol.tcp, tcpBytes(header) + payload.byteLength, ({ bytes, offset, from, to }) => {
    bytes.set(payload, encodeTcp(header, bytes, offset));
    setTcpChecksum(bytes, offset, from, to);
  });
}

/** A whole packet with one UDP datagram; see {@link buildTcpPacket}. */
export function buildUdpPacket(
  ends: PacketEnds,
  ports: Pick<UdpHeader, 'sourcePort' | 'destinationPort'>,
  payload: Uint8Array = nothing,
): Uint8Array {
  const datagramBytes = UDP_BYTES + payload.byteLength;
  return buildPacket(ends, IpProtocol.udp, datagramBytes, ({ bytes, offset, from, to }) => {
    bytes.set(payload, encodeUdp({ ...ports, bytes: datagramBytes, checksum: 0 }, bytes, offset));
    setUdpChecksum(bytes, offset, from, to);
  });
}

/**
 * A whole packet with one message of ICMP or, between IPv6 addresses, ICMPv6; see {@link buildTcpPacket}.
 *
 * @param body  of an error, the packet that it quotes
 */
export function buildIcmpPacket(
  ends: PacketEnds,
  message: Pick<IcmpHeader, 'type' | 'code' | 'rest'>,
  body: Uint8Array = nothing,
): Uint8Array {
  const protocol = ends.source.includes(':') ? IpProtocol.icmpv6 : IpProtocol.icmp;
  return buildPacket(ends, protocol, ICMP_BYTES + body.byteLength, ({ bytes, offset, from, to }) => {
    bytes.set(body, encodeIcmp({ ...message, checksum: 0 }, bytes, offset));
    if (protocol === IpProtocol.icmp) setIcmpChecksum(bytes, offset);
    else setIcmpv6Checksum(bytes, offset, from, to);
  });
}

/** A packet in an Ethernet frame, not padded; its type is that of the packet's IP version. */
export function buildFrame(
  { tags = [], ...macs }: Pick<EthernetHeader, 'destination' | 'source'> & Partial<Pick<EthernetHeader, 'tags'>>,
  packet: Uint8Array,
): Uint8Array {
  const etherType = (packet[0] ?? 0) >> 4 === 6 ? EtherType.ipv6 : EtherType.ipv4;
  const frame = new Uint8Array(ethernetBytes({ tags }) + packet.byteLength);
  frame.set(packet, encodeEthernet({ ...macs, tags, etherType }, frame));
  return frame;
}

/** Where a transport header goes, and between which addresses, network order. */
interface TransportRoom {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

function buildPacket(
  { source, destination, ttl = 64, trafficClass = 0 }: PacketEnds,
  protocol: number,
  payloadBytes: number,
  fill: (room: TransportRoom) => void,
): Uint8Array {
  const [from, to] = [addressToBytes(source), addressToBytes(destination)];
  if (from.byteLength !== to.byteLength) {
    throw new AddressError('FAMILIES_DIFFER', `${source} and ${destination} are not of one family`, {
      details: { source, destination },
    });
  }
  const isIpv4 = from.byteLength === 4;
  const bytes = new Uint8Array((isIpv4 ? IPV4_BYTES_MIN : IPV6_BYTES) + payloadBytes);
  const ends = { trafficClass, source: from, destination: to };
  const offset = isIpv4
    ? encodeIpv4({ ...ends, ttl, protocol, totalBytes: bytes.byteLength, ...unfragmented }, bytes)
    : encodeIpv6({ ...ends, hopLimit: ttl, nextHeader: protocol, payloadBytes, flowLabel: 0 }, bytes);
  fill({ bytes, offset, from, to });
  return bytes;
}

/** As Linux sends TCP. The identification tells nothing where fragmentation is forbidden (RFC 6864, section 4.1). */
const unfragmented = {
  identification: 0,
  dontFragment: true,
  moreFragments: false,
  fragmentOffset: 0,
  options: nothing,
} as const;
