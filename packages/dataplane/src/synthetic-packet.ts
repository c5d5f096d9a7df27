import {
  AddressError,
  addressToBytes,
  buildFrame,
  buildTcpPacket,
  buildUdpPacket,
  encodeIpv4,
  encodeIpv6,
  IPV4_BYTES_MIN,
  IPV6_BYTES,
  TcpFlag,
} from '@weir/packet';
import type { TransportProtocol } from './dataplane.js';
import { DataplaneError } from './dataplane-error.js';
import { macAddressOf } from './libbpf/mac-address.js';
import { protocolNumbers } from './portable/transport.js';

/** A packet to be traced, as one would speak of it. */
export interface SyntheticPacket {
  /** IPv4 or IPv6 address, text; the destination is of the same family. */
  readonly source: string;
  /** 0 to 65535; of ESP and AH: without meaning. */
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly protocol: TransportProtocol;
  /** Default: syn, as of a connection that begins. */
  readonly tcpFlags?: readonly (keyof typeof TcpFlag)[];
  /** Behind the transport's header. Default 0. */
  readonly payloadBytes?: number;
}

/** What SCTP, ESP and AH have to have of a header: RFC 9260, section 3.1; RFC 4303, section 2; RFC 4302, section 2. */
const OTHER_TRANSPORT_BYTES = 12;
/** As long as the other headers may be, a page holds it. */
const PAYLOAD_BYTES_MAX = 3000;
const TTL = 64;
/** Of the sender: locally administered, and nobody's. */
const senderMac = Uint8Array.of(2, 0, 0, 0, 0, 1);

/**
 * The frame that would bring this packet to an interface of this network namespace; for {@link Dataplane.trace}.
 * @throws {AddressError} ADDRESS_INVALID, FAMILIES_DIFFER
 * @throws {DataplaneError} TRACE_REFUSED: a port or a length is out of range; INTERFACE_MISSING
 */
export function syntheticFrame(packet: SyntheticPacket, ingressInterface: string): Uint8Array {
  return buildFrame({ destination: macAddressOf(ingressInterface), source: senderMac }, syntheticPacket(packet));
}

/** The same from the IP header on; lengths and checksums are right. */
export function syntheticPacket(packet: SyntheticPacket): Uint8Array {
  const { source, sourcePort, destination, destinationPort, protocol, tcpFlags = ['syn'], payloadBytes = 0 } = packet;
  checkRange('sourcePort', sourcePort, 0xffff);
  checkRange('destinationPort', destinationPort, 0xffff);
  checkRange('payloadBytes', payloadBytes, PAYLOAD_BYTES_MAX);
  const ends = { source, destination };
  const payload = new Uint8Array(payloadBytes);
  if (protocol === 'tcp') {
    const flags = tcpFlags.reduce((bits, flag) => bits | TcpFlag[flag], 0);
    return buildTcpPacket(ends, { sourcePort, destinationPort, flags, window: 0xffff }, payload);
  }
  if (protocol === 'udp') return buildUdpPacket(ends, { sourcePort, destinationPort }, payload);
  const transport = new Uint8Array(OTHER_TRANSPORT_BYTES + payloadBytes);
  if (protocol === 'sctp') {
    const view = new DataView(transport.buffer);
    view.setUint16(0, sourcePort);
    view.setUint16(2, destinationPort);
  }
  return inIp(packet, protocolNumbers[protocol], transport);
}

function inIp({ source, destination }: SyntheticPacket, protocol: number, transport: Uint8Array): Uint8Array {
  const [from, to] = [addressToBytes(source), addressToBytes(destination)];
  if (from.byteLength !== to.byteLength) {
    throw new AddressError('FAMILIES_DIFFER', `${source} and ${destination} are not of one family`, {
      details: { source, destination },
    });
  }
  const ends = { source: from, destination: to, trafficClass: 0 };
  const isIpv4 = from.byteLength === 4;
  const packet = new Uint8Array((isIpv4 ? IPV4_BYTES_MIN : IPV6_BYTES) + transport.byteLength);
  const offset = isIpv4
    ? encodeIpv4({ ...ends, ...unfragmented, ttl: TTL, protocol, totalBytes: packet.byteLength }, packet)
    : encodeIpv6(
        { ...ends, flowLabel: 0, hopLimit: TTL, nextHeader: protocol, payloadBytes: transport.byteLength },
        packet,
      );
  packet.set(transport, offset);
  return packet;
}

const unfragmented = {
  identification: 0,
  dontFragment: true,
  moreFragments: false,
  fragmentOffset: 0,
  options: new Uint8Array(),
} as const;

function checkRange(field: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new DataplaneError('TRACE_REFUSED', `${field} is ${value}, not a whole number of 0 to ${most}`, {
    details: { field, value },
  });
}
