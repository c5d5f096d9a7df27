import { type Decoded, hasBytes, malformed, truncated, viewFrom } from './decoded.js';
import { decodeEthernet, EtherType } from './ethernet.js';
import { decodeIcmp, quotesPacket } from './icmp.js';
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

/** 5-tuple of an IPv4 or IPv6 packet at `offset`. */
export function fiveTupleOf(bytes: Uint8Array, offset = 0): Decoded<{ readonly tuple: FiveTuple }> {
  const located = locate(bytes, offset);
  if (!located.ok) return located;
  const { source, destination, protocol, transportOffset, isLaterFragment } = located;
  const ends = { protocol, source: bytesToAddress(source), destination: bytesToAddress(destination) };
  if ((protocol !== IpProtocol.tcp && protocol !== IpProtocol.udp) || isLaterFragment) {
    return { ok: true, tuple: { ...ends, sourcePort: 0, destinationPort: 0 } };
  }
  if (!hasBytes(bytes, transportOffset, 4)) return truncated;
  const view = viewFrom(bytes, transportOffset);
  return { ok: true, tuple: { ...ends, sourcePort: view.getUint16(0), destinationPort: view.getUint16(2) } };
}

/**
 * 5-tuple of the packet that an ICMP or ICMPv6 error quotes, at `offset` the error's IP header; the quoted packet may
 * be cut after its ports. `malformed`: not an error.
 */
export function quotedFiveTuple(bytes: Uint8Array, offset = 0): Decoded<{ readonly tuple: FiveTuple }> {
  const located = locate(bytes, offset);
  if (!located.ok) return located;
  const family = located.source.byteLength === 4 ? 4 : 6;
  if (located.protocol !== (family === 4 ? IpProtocol.icmp : IpProtocol.icmpv6)) return malformed;
  const icmp = decodeIcmp(bytes, located.transportOffset);
  if (!icmp.ok) return icmp;
  if (!quotesPacket(family, icmp.header.type)) return malformed;
  return fiveTupleOf(withHonestLength(bytes.slice(icmp.bodyOffset)), 0);
}

interface Located {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: number;
  readonly transportOffset: number;
  readonly isLaterFragment: boolean;
}

function locate(bytes: Uint8Array, offset: number): Decoded<Located> {
  if (!hasBytes(bytes, offset, 1)) return truncated;
  if ((bytes[offset] as number) >> 4 === 4) {
    const ip = decodeIpv4(bytes, offset);
    if (!ip.ok) return ip;
    const { source, destination, protocol, fragmentOffset } = ip.header;
    return {
      ok: true,
      source,
      destination,
      protocol,
      transportOffset: ip.payloadOffset,
      isLaterFragment: fragmentOffset > 0,
    };
  }
  const ip = decodeIpv6(bytes, offset);
  if (!ip.ok) return ip;
  const walked = walkIpv6Extensions(bytes, ip.header.nextHeader, ip.payloadOffset);
  if (!walked.ok) return walked;
  const { protocol, offset: transportOffset, fragment } = walked.transport;
  const { source, destination } = ip.header;
  return { ok: true, source, destination, protocol, transportOffset, isLaterFragment: (fragment?.offset ?? 0) > 0 };
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
