import assert from 'node:assert';
import { internetChecksum } from './checksum.js';
import { type Decoded, hasBytes, malformed, truncated, viewFrom } from './decoded.js';

/** IANA "Assigned Internet Protocol Numbers". */
export const IpProtocol = {
  icmp: 1,
  ipv4: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  gre: 47,
  icmpv6: 58,
} as const;

export const IPV4_BYTES_MIN = 20;
const IPV4_BYTES_MAX = 60;

/** Offsets of RFC 791, section 3.1. */
const Field = {
  trafficClass: 1,
  totalBytes: 2,
  identification: 4,
  fragment: 6,
  ttl: 8,
  protocol: 9,
  checksum: 10,
  source: 12,
  destination: 16,
} as const;
const DONT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;

/**
 * ```
 *  0               8               16                              32
 * +-------+-------+---------------+-------------------------------+
 * |version|  IHL  | DSCP and ECN  |         total length          |
 * +-------+-------+---------------+-----+-------------------------+
 * |        identification         |flags|     fragment offset     |
 * +---------------+---------------+-----+-------------------------+
 * |      TTL      |   protocol    |            checksum           |
 * +---------------+---------------+-------------------------------+
 * |                            source                             |
 * +---------------------------------------------------------------+
 * |                          destination                          |
 * +---------------------------------------------------------------+
 * |                  options, a multiple of 4 bytes               |
 * ```
 */
export interface Ipv4Header {
  /** DSCP and ECN, 8 bits (RFC 2474, RFC 3168). */
  readonly trafficClass: number;
  /** Of header and payload. */
  readonly totalBytes: number;
  readonly identification: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** In bytes, a multiple of 8. */
  readonly fragmentOffset: number;
  readonly ttl: number;
  readonly protocol: number;
  /** 4 bytes, network order; so is the destination. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** 0 to 40 bytes, a multiple of 4. */
  readonly options: Uint8Array;
}

export function ipv4Bytes(header: Pick<Ipv4Header, 'options'>): number {
  return IPV4_BYTES_MIN + header.options.byteLength;
}

/** Writes the header with its checksum; returns where the payload begins. */
export function encodeIpv4(header: Ipv4Header, bytes: Uint8Array, offset = 0): number {
  const view = viewFrom(bytes, offset);
  const headerBytes = ipv4Bytes(header);
  assert(headerBytes <= IPV4_BYTES_MAX && headerBytes % 4 === 0, 'IPv4 options are 0 to 40 bytes, in words of 4');
  const flags = (header.dontFragment ? DONT_FRAGMENT : 0) | (header.moreFragments ? MORE_FRAGMENTS : 0);
  view.setUint8(0, 0x40 | (headerBytes / 4));
  view.setUint8(Field.trafficClass, header.trafficClass);
  view.setUint16(Field.totalBytes, header.totalBytes);
  view.setUint16(Field.identification, header.identification);
  view.setUint16(Field.fragment, flags | (header.fragmentOffset / 8));
  view.setUint8(Field.ttl, header.ttl);
  view.setUint8(Field.protocol, header.protocol);
  view.setUint16(Field.checksum, 0);
  bytes.set(header.source, offset + Field.source);
  bytes.set(header.destination, offset + Field.destination);
  bytes.set(header.options, offset + IPV4_BYTES_MIN);
  view.setUint16(Field.checksum, internetChecksum(bytes.subarray(offset, offset + headerBytes)));
  return offset + headerBytes;
}

/**
 * `truncated`: fewer bytes than the header or its total length say. `malformed`: version, header length or total length
 * contradict themselves. `checksumOk` is told, not judged.
 */
export function decodeIpv4(
  bytes: Uint8Array,
  offset = 0,
): Decoded<{ readonly header: Ipv4Header; readonly payloadOffset: number; readonly checksumOk: boolean }> {
  if (!hasBytes(bytes, offset, IPV4_BYTES_MIN)) return truncated;
  const view = viewFrom(bytes, offset);
  const headerBytes = (view.getUint8(0) & 0xf) * 4;
  const totalBytes = view.getUint16(Field.totalBytes);
  if (view.getUint8(0) >> 4 !== 4 || headerBytes < IPV4_BYTES_MIN || totalBytes < headerBytes) return malformed;
  if (!hasBytes(bytes, offset, totalBytes)) return truncated;
  const fragment = view.getUint16(Field.fragment);
  const part = (from: number, to: number) => bytes.slice(offset + from, offset + to);
  const header: Ipv4Header = {
    trafficClass: view.getUint8(Field.trafficClass),
    totalBytes,
    identification: view.getUint16(Field.identification),
    dontFragment: (fragment & DONT_FRAGMENT) !== 0,
    moreFragments: (fragment & MORE_FRAGMENTS) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    ttl: view.getUint8(Field.ttl),
    protocol: view.getUint8(Field.protocol),
    source: part(Field.source, Field.source + 4),
    destination: part(Field.destination, Field.destination + 4),
    options: part(IPV4_BYTES_MIN, headerBytes),
  };
  const checksumOk = internetChecksum(bytes.subarray(offset, offset + headerBytes)) === 0;
  return { ok: true, header, payloadOffset: offset + headerBytes, checksumOk };
}
