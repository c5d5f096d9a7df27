import { type Decoded, hasBytes, malformed, truncated, viewFrom } from './decoded.js';

export const IPV6_BYTES = 40;

/** Extension headers that may stand before the transport header (RFC 8200, section 4; IANA protocol numbers). */
export const Ipv6Extension = { hopByHop: 0, routing: 43, fragment: 44, destination: 60 } as const;

/** A chain that is longer than this is nonsense: RFC 8200 recommends each kind once, destination options twice. */
const EXTENSIONS_MAX = 8;

/** Offsets of RFC 8200, section 3. */
const Field = { payloadBytes: 4, nextHeader: 6, hopLimit: 7, source: 8, destination: 24 } as const;

/**
 * ```
 *  0       4               12                                      32
 * +-------+---------------+---------------------------------------+
 * |version| traffic class |              flow label               |
 * +-------+---------------+-------+---------------+---------------+
 * |         payload length        |  next header  |   hop limit   |
 * +-------------------------------+---------------+---------------+
 * |                       source, 16 bytes                        |
 * +---------------------------------------------------------------+
 * |                     destination, 16 bytes                     |
 * +---------------------------------------------------------------+
 * ```
 */
export interface Ipv6Header {
  /** DSCP and ECN, 8 bits. */
  readonly trafficClass: number;
  /** 20 bits. */
  readonly flowLabel: number;
  /** Of all that follows these 40 bytes. */
  readonly payloadBytes: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  /** 16 bytes, network order; so is the destination. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

/** Writes the header; returns where what follows begins. */
export function encodeIpv6(header: Ipv6Header, bytes: Uint8Array, offset = 0): number {
  const view = viewFrom(bytes, offset);
  view.setUint32(0, ((6 << 28) | (header.trafficClass << 20) | header.flowLabel) >>> 0);
  view.setUint16(Field.payloadBytes, header.payloadBytes);
  view.setUint8(Field.nextHeader, header.nextHeader);
  view.setUint8(Field.hopLimit, header.hopLimit);
  bytes.set(header.source, offset + Field.source);
  bytes.set(header.destination, offset + Field.destination);
  return offset + IPV6_BYTES;
}

export function decodeIpv6(
  bytes: Uint8Array,
  offset = 0,
): Decoded<{ readonly header: Ipv6Header; readonly payloadOffset: number }> {
  if (!hasBytes(bytes, offset, IPV6_BYTES)) return truncated;
  const view = viewFrom(bytes, offset);
  const first = view.getUint32(0);
  if (first >>> 28 !== 6) return malformed;
  const payloadBytes = view.getUint16(Field.payloadBytes);
  if (!hasBytes(bytes, offset, IPV6_BYTES + payloadBytes)) return truncated;
  const header: Ipv6Header = {
    trafficClass: (first >>> 20) & 0xff,
    flowLabel: first & 0xfffff,
    payloadBytes,
    nextHeader: view.getUint8(Field.nextHeader),
    hopLimit: view.getUint8(Field.hopLimit),
    source: bytes.slice(offset + Field.source, offset + Field.source + 16),
    destination: bytes.slice(offset + Field.destination, offset + Field.destination + 16),
  };
  return { ok: true, header, payloadOffset: offset + IPV6_BYTES };
}

/** Where the transport header of an IPv6 packet is. */
export interface Ipv6Transport {
  readonly protocol: number;
  readonly offset: number;
  /** Set when the packet is a fragment: in bytes, and whether others follow. */
  readonly fragment?: { readonly offset: number; readonly more: boolean };
}

/**
 * Walks the extension headers (RFC 8200, section 4) from the end of the fixed header to the first header that is none.
 * A later fragment ends the walk: what follows it is not a header. So do AH and ESP: they are carried as they are.
 * ```
 *  0               8               16                              32
 * +---------------+---------------+-------------------------+---+-+
 * |  next header  |length, 8-octet| fragment: offset        |   |M|
 * |               | units after 8 | others: options         |   | |
 * +---------------+---------------+-------------------------+---+-+
 * ```
 *
 * @param bytes  end where the packet ends
 */
export function walkIpv6Extensions(
  bytes: Uint8Array,
  nextHeader: number,
  offset: number,
): Decoded<{ readonly transport: Ipv6Transport }> {
  let protocol = nextHeader;
  let at = offset;
  let fragment: Ipv6Transport['fragment'];
  for (let seen = 0; isExtension(protocol); seen++) {
    if (seen === EXTENSIONS_MAX) return malformed;
    if (!hasBytes(bytes, at, 8)) return truncated;
    const view = viewFrom(bytes, at);
    const isFragment = protocol === Ipv6Extension.fragment;
    protocol = view.getUint8(0);
    if (isFragment) {
      const word = view.getUint16(2);
      fragment = { offset: word & 0xfff8, more: (word & 1) === 1 };
      at += 8;
      if (fragment.offset > 0) break;
    } else {
      at += (view.getUint8(1) + 1) * 8;
    }
  }
  if (at > bytes.byteLength) return truncated;
  return { ok: true, transport: { protocol, offset: at, ...(fragment === undefined ? {} : { fragment }) } };
}

function isExtension(protocol: number): boolean {
  return (Object.values(Ipv6Extension) as readonly number[]).includes(protocol);
}
