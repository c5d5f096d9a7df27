import { IpProtocol, updatedChecksumOfBytes } from '@weir/packet';
import { carriesPorts } from './transport.js';
import type { Endpoint } from './tuple.js';

/** What becomes of the two ends of a packet; undefined: they stay. */
export interface NewEnds {
  readonly source?: Endpoint;
  readonly destination?: Endpoint;
}

/** Where things are in a packet, from its IP header on. */
export interface PacketLayout {
  readonly family: 4 | 6;
  readonly protocol: number;
  /** undefined: a later fragment. */
  readonly transportOffset: number | undefined;
}

const IPV4_CHECKSUM = 10;
const addressOffsets = { 4: { source: 12, destination: 16 }, 6: { source: 8, destination: 24 } } as const;
const portOffsets = { source: 0, destination: 2 } as const;
/** Of checksums that cover a pseudo header, in their transport's header. SCTP's CRC covers no addresses. */
const checksumOffsets = new Map<number, number>([
  [IpProtocol.tcp, 16],
  [IpProtocol.udp, 6],
  [IpProtocol.icmpv6, 2],
]);

/**
 * Rewrites addresses and ports in place, and what checksums cover them, incrementally (RFC 1624).
 *
 * @param packet  from its IP header to its end; a quoted one may end before its transport's checksum
 */
export function rewriteEnds(packet: Uint8Array, layout: PacketLayout, ends: NewEnds): void {
  const { family, protocol, transportOffset } = layout;
  // Looked for once: a UDP checksum may pass through 0 on its way.
  const checksum = transportChecksum(packet, layout);
  const ofTransport = checksum === undefined ? [] : [checksum];
  const ofAddresses = family === 4 ? [IPV4_CHECKSUM, ...ofTransport] : ofTransport;
  for (const side of ['source', 'destination'] as const) {
    const end = ends[side];
    if (end === undefined) continue;
    edit(packet, addressOffsets[family][side], end.address, ofAddresses);
    if (transportOffset === undefined || !carriesPorts(protocol)) continue;
    const port = Uint8Array.of(end.port >> 8, end.port & 0xff);
    edit(packet, transportOffset + portOffsets[side], port, ofTransport);
  }
  if (protocol === IpProtocol.udp && checksum !== undefined) avoidZero(packet, checksum);
}

/** Where the checksum of the transport is; undefined: there is none, or it does not lie in the bytes. */
function transportChecksum(packet: Uint8Array, { protocol, transportOffset }: PacketLayout): number | undefined {
  const offset = checksumOffsets.get(protocol);
  if (offset === undefined || transportOffset === undefined) return undefined;
  const at = transportOffset + offset;
  if (at + 2 > packet.byteLength) return undefined;
  const isUnused = protocol === IpProtocol.udp && viewOf(packet).getUint16(at) === 0;
  return isUnused ? undefined : at;
}

/** Overwrites a field of an even number of bytes, and updates the checksums at these offsets. */
export function edit(packet: Uint8Array, at: number, after: Uint8Array, checksums: readonly number[]): void {
  const before = packet.slice(at, at + after.byteLength);
  packet.set(after, at);
  const view = viewOf(packet);
  for (const checksum of checksums) {
    view.setUint16(checksum, updatedChecksumOfBytes(view.getUint16(checksum), before, after));
  }
}

/** The same for any bytes: checksums count words, so the words that hold them are replaced. */
export function editBytes(packet: Uint8Array, at: number, after: Uint8Array, checksum: number): void {
  const from = at & ~1;
  const words = packet.slice(from, (at + after.byteLength + 1) & ~1);
  words.set(after, at - from);
  edit(packet, from, words, [checksum]);
}

/** A UDP checksum of 0 says that there is none; 0xffff is the same sum (RFC 768). */
function avoidZero(packet: Uint8Array, checksum: number): void {
  const view = viewOf(packet);
  if (view.getUint16(checksum) === 0) view.setUint16(checksum, 0xffff);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
