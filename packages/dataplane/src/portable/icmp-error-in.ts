import { ICMP_BYTES, IcmpType, Icmpv6Type, IPV4_BYTES_MIN, IPV6_BYTES, updatedChecksumOfBytes } from '@weir/packet';
import { walkExtensions } from './extension-headers.js';
import type { IpPacket } from './parse-frame.js';
import { type NewEnds, rewriteEnds } from './translate.js';
import { carriesPorts } from './transport.js';
import type { Tuple } from './tuple.js';

/** What of a quoted transport header every error holds (RFC 792), and what tells a flow. */
const QUOTED_TRANSPORT_BYTES_MIN = 8;
const CHECKSUM_OFFSET = 2;

const errors = {
  4: new Set<number>([IcmpType.unreachable, IcmpType.timeExceeded, IcmpType.parameterProblem]),
  6: new Set<number>([
    Icmpv6Type.unreachable,
    Icmpv6Type.packetTooBig,
    Icmpv6Type.timeExceeded,
    Icmpv6Type.parameterProblem,
  ]),
} as const;

/** The packet that an error is about. */
export interface Quote extends Tuple {
  readonly family: 4 | 6;
  /** Where it begins in the error, from the error's IP header on. */
  readonly offset: number;
  /** In the quoted packet. */
  readonly transportOffset: number;
}

export function isIcmpError({ frame, ipOffset, family, transportOffset }: IpPacket): boolean {
  return errors[family].has(frame[ipOffset + transportOffset] as number);
}

/** undefined: too little of the packet is quoted to tell its flow, or what is there is no packet. */
export function quoteOf({ frame, ipOffset, family, bytes, transportOffset }: IpPacket): Quote | undefined {
  const offset = transportOffset + ICMP_BYTES;
  const quoted = frame.subarray(ipOffset + offset, ipOffset + bytes);
  const located = family === 4 ? locateInIpv4(quoted) : locateInIpv6(quoted);
  if (located === undefined || located.transportOffset + QUOTED_TRANSPORT_BYTES_MIN > quoted.byteLength)
    return undefined;
  const view = new DataView(quoted.buffer, quoted.byteOffset + located.transportOffset);
  const hasPorts = carriesPorts(located.protocol);
  return {
    family,
    offset,
    ...located,
    sourcePort: hasPorts ? view.getUint16(0) : 0,
    destinationPort: hasPorts ? view.getUint16(2) : 0,
  };
}

type Located = Pick<Quote, 'protocol' | 'source' | 'destination' | 'transportOffset'>;

/** Lengths that the header tells are those of the whole packet: what is quoted may be shorter. */
function locateInIpv4(quoted: Uint8Array): Located | undefined {
  if (quoted.byteLength < IPV4_BYTES_MIN) return undefined;
  const view = new DataView(quoted.buffer, quoted.byteOffset);
  const headerBytes = (view.getUint8(0) & 0xf) * 4;
  const isLaterFragment = (view.getUint16(6) & 0x1fff) !== 0;
  if (view.getUint8(0) >> 4 !== 4 || headerBytes < IPV4_BYTES_MIN || isLaterFragment) return undefined;
  return {
    protocol: view.getUint8(9),
    source: quoted.slice(12, 16),
    destination: quoted.slice(16, 20),
    transportOffset: headerBytes,
  };
}

function locateInIpv6(quoted: Uint8Array): Located | undefined {
  if (quoted.byteLength < IPV6_BYTES || (quoted[0] as number) >> 4 !== 6) return undefined;
  const walked = walkExtensions(quoted, quoted[6] as number, IPV6_BYTES);
  if (walked === 'unreadable' || walked.fragment?.isFirst === false) return undefined;
  const { protocol, transportOffset } = walked;
  return { protocol, source: quoted.slice(8, 24), destination: quoted.slice(24, 40), transportOffset };
}

/**
 * Rewrites the ends of the quoted packet in place, its checksums as far as they are quoted, and the error's own.
 *
 * @param error  from its IP header to its end
 */
export function rewriteQuote(error: Uint8Array, quote: Quote, ends: NewEnds): void {
  const checksum = quote.offset - ICMP_BYTES + CHECKSUM_OFFSET;
  const quoted = error.subarray(quote.offset);
  // Of an even number of bytes: the last one of an odd quote is never changed.
  const words = quoted.subarray(0, quoted.byteLength & ~1);
  const before = words.slice();
  rewriteEnds(quoted, quote, ends);
  const view = new DataView(error.buffer, error.byteOffset);
  view.setUint16(checksum, updatedChecksumOfBytes(view.getUint16(checksum), before, words));
}
