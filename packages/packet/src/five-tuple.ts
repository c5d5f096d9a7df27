import { type Decoded, hasBytes, malformed, truncated, viewFrom } from './decoded.js';
import { decodeEthernet, EtherType } from './ethernet.js';
import { decodeIcmp, isIcmpError } from './icmp.js';
import { isIcmpv6Error } from './icmpv6.js';
import { bytesToAddress } from './ip-address.js';
import { decodeIpv4, IPV4_BYTES_MIN, IpProtocol } from './ipv4.js';
import { decodeIpv6, IPV6_BYTES, walkIpv6Extensions } from './ipv6.js';

/** What tells connections apart. Addresses are canonical text. */
export interface FiveTuple {
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  /** 0 where the protocol has no ports, or a fragment hides them. */
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** 5-tuple of the IP packet in an Ethernet frame. `malformed`: the frame carries no IP. */
export function fiveTupleOfFrame(frame: Uint8Array): Decoded<{ readonly tuple: FiveTuple }> {
  const ethernet = decodeEthernet(frame);
  if (!ethernet.ok) return ethernet;
  const { etherType } = ethernet.header;
  if (etherType !== EtherType.ipv4 && etherType !== EtherType.ipv6) return malformed;
  return fiveTupleOf(frame, ethernet.payloadOffset);
}

/** 5-tuple of an IPv4 or IPv6 packet at `offset`. What follows the packet, such as Ethernet's padding, is not read. */
export function fiveTupleOf(bytes: Uint8Array, offset = 0): Decoded<{ readonly tuple: FiveTuple }> {
  const located = locate(bytes, offset);
  if (!located.ok) return located;
  const { packet, source, destination, protocol, transportOffset, isLaterFragment } = located;
  const ends = { protocol, source: bytesToAddress(source), destination: bytesToAddress(destination) };
  if ((protocol !== IpProtocol.tcp && protocol !== IpProtocol.udp) || isLaterFragment) {
    return { ok: true, tuple: { ...ends, sourcePort: 0, destinationPort: 0 } };
  }
  if (!hasBytes(packet, transportOffset, 4)) return truncated;
  const view = viewFrom(packet, transportOffset);
  return { ok: true, tuple: { ...ends, sourcePort: view.getUint16(0), destinationPort: view.getUint16(2) } };
}

/**
 * 5-tuple of the packet that an ICMP or ICMPv6 error quotes, at `offset` the error's IP header; the quoted packet may
 * be cut after its ports. `malformed`: not an error, or a fragment of one without its header.
 */
export function quotedFiveTuple(bytes: Uint8Array, offset = 0): Decoded<{ readonly tuple: FiveTuple }> {
  const located = locate(bytes, offset);
  if (!located.ok) return located;
  const { packet, source, protocol, transportOffset, isLaterFragment } = located;
  const isIpv4 = source.byteLength === 4;
  if (protocol !== (isIpv4 ? IpProtocol.icmp : IpProtocol.icmpv6) || isLaterFragment) return malformed;
  const icmp = decodeIcmp(packet, transportOffset);
  if (!icmp.ok) return icmp;
  const isError = isIpv4 ? isIcmpError : isIcmpv6Error;
  if (!isError(icmp.header.type)) return malformed;
  return fiveTupleOf(withHonestLength(packet.slice(icmp.bodyOffset)));
}

interface Located {
  /** The packet alone, as long as its IP header says. */
  readonly packet: Uint8Array;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: number;
  /** In {@link packet}. */
  readonly transportOffset: number;
  readonly isLaterFragment: boolean;
}

function locate(bytes: Uint8Array, offset: number): Decoded<Located> {
  if (!hasBytes(bytes, offset, 1)) return truncated;
  return (bytes[offset] as number) >> 4 === 4 ? locateInIpv4(bytes, offset) : locateInIpv6(bytes, offset);
}

function locateInIpv4(bytes: Uint8Array, offset: number): Decoded<Located> {
  const ip = decodeIpv4(bytes, offset);
  if (!ip.ok) return ip;
  const { source, destination, protocol, fragmentOffset, totalBytes } = ip.header;
  const packet = bytes.subarray(offset, offset + totalBytes);
  const transportOffset = ip.payloadOffset - offset;
  return { ok: true, packet, source, destination, protocol, transportOffset, isLaterFragment: fragmentOffset > 0 };
}

function locateInIpv6(bytes: Uint8Array, offset: number): Decoded<Located> {
  const ip = decodeIpv6(bytes, offset);
  if (!ip.ok) return ip;
  const { source, destination, nextHeader, payloadBytes } = ip.header;
  const packet = bytes.subarray(offset, ip.payloadOffset + payloadBytes);
  const walked = walkIpv6Extensions(packet, nextHeader, IPV6_BYTES);
  if (!walked.ok) return walked;
  const { protocol, offset: transportOffset, fragment } = walked.transport;
  const isLaterFragment = (fragment?.offset ?? 0) > 0;
  return { ok: true, packet, source, destination, protocol, transportOffset, isLaterFragment };
}

/** A quoted packet is cut short, but its length field is not: it is made to say what is there. */
function withHonestLength(packet: Uint8Array): Uint8Array {
  const view = viewFrom(packet, 0);
  const isIpv4 = (packet[0] ?? 0) >> 4 === 4;
  if (isIpv4 && packet.byteLength >= IPV4_BYTES_MIN) view.setUint16(2, Math.min(view.getUint16(2), packet.byteLength));
  if (!isIpv4 && packet.byteLength >= IPV6_BYTES)
    view.setUint16(4, Math.min(view.getUint16(4), packet.byteLength - IPV6_BYTES));
  return packet;
}
