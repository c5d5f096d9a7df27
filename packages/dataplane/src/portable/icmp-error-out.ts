import {
  encodeIcmp,
  encodeIpv4,
  encodeIpv6,
  ICMP_BYTES,
  IcmpType,
  IcmpUnreachable,
  Icmpv6Type,
  IPV4_BYTES_MIN,
  IPV6_BYTES,
  IpProtocol,
  setIcmpChecksum,
  setIcmpv6Checksum,
} from '@weir/packet';
import { swap } from './icmp-echo.js';
import type { IpPacket } from './parse-frame.js';
import { isIcmp } from './transport.js';

/** What the sender of a packet is told. */
export type Complaint =
  | { readonly kind: 'time_exceeded' }
  /** `mtuBytes`: what would have fit. */
  | { readonly kind: 'too_big'; readonly mtuBytes: number };

const TTL = 64;
const MAC_BYTES = 6;
/** Of the whole error: RFC 1812, section 4.3.2.3; RFC 4443, section 2.4 (c). */
const ERROR_BYTES_MAX = { 4: 576, 6: 1280 } as const;

/** Errors are neither told about what may be errors, nor about later fragments (RFC 1122, section 3.2.2; RFC 4443, 2.4 (e)). */
export function mayComplainAbout({ family, protocol, fragment }: IpPacket): boolean {
  return !isIcmp(family, protocol) && fragment?.isFirst !== false;
}

/** The frame that tells the sender of a packet what became of it; back where that came from, tags and all. */
export function icmpErrorAbout(packet: IpPacket, complaint: Complaint, from: Uint8Array): Uint8Array {
  const { frame, ipOffset, family, bytes, source } = packet;
  const ipBytes = family === 4 ? IPV4_BYTES_MIN : IPV6_BYTES;
  const quoted = frame.subarray(ipOffset, ipOffset + Math.min(bytes, ERROR_BYTES_MAX[family] - ipBytes - ICMP_BYTES));
  const totalBytes = ipBytes + ICMP_BYTES + quoted.byteLength;
  const error = new Uint8Array(ipOffset + totalBytes);
  error.set(frame.subarray(0, ipOffset));
  swap(error, 0, MAC_BYTES);
  const ends = { trafficClass: 0, source: from, destination: source };
  if (family === 4) {
    const header = { ...ends, ...unfragmented, totalBytes, ttl: TTL, protocol: IpProtocol.icmp };
    const at = encodeIpv4(header, error, ipOffset);
    error.set(quoted, encodeIcmp({ ...messageOf(family, complaint), checksum: 0 }, error, at));
    setIcmpChecksum(error, at);
  } else {
    const payloadBytes = totalBytes - IPV6_BYTES;
    const header = { ...ends, flowLabel: 0, payloadBytes, hopLimit: TTL, nextHeader: IpProtocol.icmpv6 };
    const at = encodeIpv6(header, error, ipOffset);
    error.set(quoted, encodeIcmp({ ...messageOf(family, complaint), checksum: 0 }, error, at));
    setIcmpv6Checksum(error, at, from, source);
  }
  return error;
}

function messageOf(family: 4 | 6, complaint: Complaint) {
  if (complaint.kind === 'time_exceeded') {
    return { type: family === 4 ? IcmpType.timeExceeded : Icmpv6Type.timeExceeded, code: 0, rest: 0 };
  }
  const rest = complaint.mtuBytes;
  return family === 4
    ? { type: IcmpType.unreachable, code: IcmpUnreachable.fragmentationNeeded, rest }
    : { type: Icmpv6Type.packetTooBig, code: 0, rest };
}

const unfragmented = {
  identification: 0,
  dontFragment: true,
  moreFragments: false,
  fragmentOffset: 0,
  options: new Uint8Array(),
} as const;
