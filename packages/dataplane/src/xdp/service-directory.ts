import { addressToBytes, bytesToAddress, mix } from '@weir/packet';
import type { ServiceKey, TransportProtocol } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import {
  BUCKET_ENTRIES,
  DIRECTORY_BUCKET_BYTES,
  DirectoryEntry,
  PortRangeEntry,
  PROBES_MAX,
  RANGE_LINE_BYTES,
  RANGE_LINES_MAX,
} from './layout.js';
import { portRange } from './wanted-service.js';

/** One key of the directory and what it leads to. */
interface DirectoryItem {
  /** Two words as the program reads them: the address in network order, as little-endian numbers; IPv4 mapped. */
  readonly vip: readonly [bigint, bigint];
  readonly port: number;
  /** IP protocol number; 0 for the entry that says "this address is a VIP". */
  readonly protocol: number;
  /** Index + 1; 0: only ranges stand here. */
  service: number;
  readonly ranges: { readonly first: number; readonly last: number; readonly service: number }[];
}

/** A directory ready to be stored, and the seed that it was built with. */
export interface ServiceDirectory {
  readonly bytes: Uint8Array;
  readonly seed: bigint;
  /** Is there a service on all ports, or on a range? Then a miss is looked up once more, with port 0. */
  readonly anyPort: boolean;
  /** Whole lines of port ranges, to be stored from the line on that the directory was built for. */
  readonly rangeLines: Uint8Array;
}

const SEEDS_MAX = 64;

export const protocolNumbers: Readonly<Record<TransportProtocol, number>> = {
  tcp: 6,
  udp: 17,
  sctp: 132,
  esp: 50,
  ah: 51,
};

/** Name of an IP protocol that services may have. */
function protocolName(number: number): TransportProtocol | undefined {
  return (Object.keys(protocolNumbers) as TransportProtocol[]).find((name) => protocolNumbers[name] === number);
}

/** Buckets that serve `services` services, each on a VIP of its own at worst: two keys each, loaded to a quarter. */
export function directoryBuckets(services: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(services * 4, 4)));
}

/** Words of an address as `struct directory_entry` holds them. */
export function vipWords(vip: string): readonly [bigint, bigint] {
  const address = addressToBytes(vip);
  const bytes = new Uint8Array(16);
  if (address.byteLength === 4) {
    bytes.set([0xff, 0xff], 10);
    bytes.set(address, 12);
  } else {
    bytes.set(address);
  }
  const view = new DataView(bytes.buffer);
  return [view.getBigUint64(0, true), view.getBigUint64(8, true)];
}

/** The keys under which services are found: those of their listeners, and one for each VIP. */
function directoryItems(services: Iterable<readonly [ServiceKey, number]>, nodes: number | undefined): DirectoryItem[] {
  const items = new Map<string, DirectoryItem>();
  const itemOf = (key: ServiceKey, port: number, protocol: number): DirectoryItem => {
    const vip = vipWords(key.vip);
    const identity = `${vip.join()} ${port} ${protocol}`;
    const item = items.get(identity) ?? { vip, port, protocol, service: 0, ranges: [] };
    items.set(identity, item);
    return item;
  };
  for (const [key, index] of services) {
    const protocol = protocolNumbers[key.protocol];
    if (typeof key.port === 'number') itemOf(key, key.port, protocol).service = index + 1;
    else itemOf(key, 0, protocol).ranges.push({ ...portRange(key), service: index + 1 });
    // The node's own address stays the kernel's, but for that port.
    if (index !== nodes) itemOf(key, 0, 0).service ||= index + 1;
  }
  return [...items.values()];
}

/**
 * Reads a directory back: each listener, and the index of its service.
 *
 * @param ranges  all lines of port ranges, of both halves
 */
export function* listenersIn(directory: DataView, ranges: DataView): Generator<readonly [ServiceKey, number]> {
  for (let offset = 0; offset < directory.byteLength; offset += DirectoryEntry.bytes) {
    const protocol = protocolName(directory.getUint8(offset + DirectoryEntry.protocol));
    if (protocol === undefined) continue;
    const bytes = new Uint8Array(directory.buffer, directory.byteOffset + offset + DirectoryEntry.vip, 16);
    const vip = bytesToAddress(unmapped(bytes.slice()));
    const service = directory.getUint32(offset + DirectoryEntry.service, true);
    if (service > 0) yield [{ vip, protocol, port: directory.getUint16(offset + DirectoryEntry.port) }, service - 1];
    const line = directory.getUint32(offset + DirectoryEntry.ranges, true);
    if (line === 0) continue;
    const start = (line - 1) * RANGE_LINE_BYTES;
    for (let at = start; at < start + RANGE_LINES_MAX * RANGE_LINE_BYTES; at += PortRangeEntry.bytes) {
      const owner = ranges.getUint32(at + PortRangeEntry.service, true);
      if (owner === 0) break;
      const first = ranges.getUint16(at + PortRangeEntry.first, true);
      yield [{ vip, protocol, port: { first, last: ranges.getUint16(at + PortRangeEntry.last, true) } }, owner - 1];
    }
  }
}

/** ::ffff:a.b.c.d as the four bytes of IPv4. */
function unmapped(vip: Uint8Array): Uint8Array {
  const mapped = vip[10] === 0xff && vip[11] === 0xff && vip.subarray(0, 10).every((byte) => byte === 0);
  return mapped ? vip.slice(12) : vip;
}

/**
 * Builds a hash table of cache-line buckets that the program searches without a loop as a rule. What finds no room in
 * its bucket goes to one of the next; a seed that would put something farther than the program looks is not taken.
 *
 * @param services    listeners, and the index of the service that each leads to
 * @param buckets     a power of two
 * @param lines       room for ranges of ports
 * @param nodes       index of the service whose backends are the nodes: its address is no VIP
 * @throws {DataplaneError} TABLES_TOO_LARGE
 */
export function buildServiceDirectory(
  services: Iterable<readonly [ServiceKey, number]>,
  buckets: number,
  lines: { readonly first: number; readonly count: number },
  nodes?: number,
): ServiceDirectory {
  const items = directoryItems(services, nodes);
  const withRanges = items.filter(({ ranges }) => ranges.length > 0);
  if (withRanges.length * RANGE_LINES_MAX > lines.count) {
    throw new DataplaneError(
      'TABLES_TOO_LARGE',
      `${withRanges.length} VIPs and protocols have ranges of ports; there is room for ${Math.floor(lines.count / RANGE_LINES_MAX)}`,
    );
  }
  for (let seed = 0n; seed < SEEDS_MAX; seed++) {
    const bytes = placeAll(items, withRanges, buckets, seed, lines.first);
    if (bytes === undefined) continue;
    const anyPort = items.some((item) => item.port === 0 && item.protocol !== 0);
    return { bytes, seed, anyPort, rangeLines: encodeRanges(withRanges) };
  }
  throw new DataplaneError('TABLES_TOO_LARGE', `${items.length} keys don't fit a directory of ${buckets} buckets`);
}

function encodeRanges(items: readonly DirectoryItem[]): Uint8Array {
  const bytes = new Uint8Array(items.length * RANGE_LINES_MAX * RANGE_LINE_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [position, { ranges }] of items.entries()) {
    for (const [i, { first, last, service }] of ranges.entries()) {
      const offset = position * RANGE_LINES_MAX * RANGE_LINE_BYTES + i * PortRangeEntry.bytes;
      view.setUint16(offset + PortRangeEntry.first, first, true);
      view.setUint16(offset + PortRangeEntry.last, last, true);
      view.setUint32(offset + PortRangeEntry.service, service, true);
    }
  }
  return bytes;
}

function placeAll(
  items: readonly DirectoryItem[],
  withRanges: readonly DirectoryItem[],
  buckets: number,
  seed: bigint,
  firstLine: number,
): Uint8Array | undefined {
  const bytes = new Uint8Array(buckets * DIRECTORY_BUCKET_BYTES);
  const view = new DataView(bytes.buffer);
  const used = new Uint8Array(buckets);
  for (const item of items) {
    const home = homeBucket(item, buckets, seed);
    let probe = 0;
    while (probe < PROBES_MAX && used[(home + probe) % buckets] === BUCKET_ENTRIES) {
      view.setUint32(((home + probe) % buckets) * DIRECTORY_BUCKET_BYTES + DirectoryEntry.overflowed, 1, true);
      probe++;
    }
    if (probe === PROBES_MAX) return undefined;
    const bucket = (home + probe) % buckets;
    const position = used[bucket] as number;
    used[bucket] = position + 1;
    const offset = bucket * DIRECTORY_BUCKET_BYTES + position * DirectoryEntry.bytes;
    writeEntry(view, offset, item);
    const ranges = withRanges.indexOf(item);
    if (ranges >= 0) view.setUint32(offset + DirectoryEntry.ranges, firstLine + ranges * RANGE_LINES_MAX + 1, true);
  }
  return bytes;
}

function writeEntry(view: DataView, offset: number, item: DirectoryItem): void {
  view.setBigUint64(offset + DirectoryEntry.vip, item.vip[0], true);
  view.setBigUint64(offset + DirectoryEntry.vip + 8, item.vip[1], true);
  view.setUint16(offset + DirectoryEntry.port, item.port);
  view.setUint8(offset + DirectoryEntry.protocol, item.protocol);
  view.setUint32(offset + DirectoryEntry.service, item.service, true);
}

/** find_entry() of bpf/lib/service.h: the port is the number that its two network bytes make on a little-endian CPU. */
function homeBucket(item: DirectoryItem, buckets: number, seed: bigint): number {
  const port = ((item.port & 0xff) << 8) | (item.port >> 8);
  const hash = mix(seed ^ (BigInt(port) << 8n) ^ BigInt(item.protocol), item.vip[0], item.vip[1]);
  return Number(hash & BigInt(buckets - 1));
}
