import { addressToBytes, mix } from '@weir/packet';
import type { ServiceKey } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import { BUCKET_ENTRIES, DIRECTORY_BUCKET_BYTES, DirectoryEntry, PROBES_MAX } from './layout.js';

/** One key of the directory and what it leads to: index + 1 of a service. */
export interface DirectoryItem {
  /** Two words as the program reads them: the address in network order, as little-endian numbers; IPv4 mapped. */
  readonly vip: readonly [bigint, bigint];
  readonly port: number;
  /** IP protocol number; 0 for the entry that says "this address is a VIP". */
  readonly protocol: number;
  readonly service: number;
}

/** A directory ready to be stored, and the seed that it was built with. */
export interface ServiceDirectory {
  readonly bytes: Uint8Array;
  readonly seed: bigint;
  /** Is there a service on all ports? Then a miss is looked up once more, with port 0. */
  readonly anyPort: boolean;
}

const SEEDS_MAX = 64;

export const protocolNumber = { tcp: 6, udp: 17 } as const;

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

/** The keys under which services are found: their own, and one for each VIP. */
export function directoryItems(services: Iterable<readonly [ServiceKey, number]>): DirectoryItem[] {
  const items: DirectoryItem[] = [];
  const vips = new Set<string>();
  for (const [key, index] of services) {
    const vip = vipWords(key.vip);
    items.push({ vip, port: key.port, protocol: protocolNumber[key.protocol], service: index + 1 });
    if (vips.has(vip.join())) continue;
    vips.add(vip.join());
    items.push({ vip, port: 0, protocol: 0, service: index + 1 });
  }
  return items;
}

/**
 * Builds a hash table of cache-line buckets that the program searches without a loop as a rule. What finds no room in
 * its bucket goes to one of the next; a seed that would put something farther than the program looks is not taken.
 *
 * @param buckets  a power of two
 * @throws {DataplaneError} TABLES_TOO_LARGE
 */
export function buildServiceDirectory(items: readonly DirectoryItem[], buckets: number): ServiceDirectory {
  for (let seed = 0n; seed < SEEDS_MAX; seed++) {
    const bytes = placeAll(items, buckets, seed);
    if (bytes === undefined) continue;
    return { bytes, seed, anyPort: items.some((item) => item.port === 0 && item.protocol !== 0) };
  }
  throw new DataplaneError('TABLES_TOO_LARGE', `${items.length} keys don't fit a directory of ${buckets} buckets`);
}

function placeAll(items: readonly DirectoryItem[], buckets: number, seed: bigint): Uint8Array | undefined {
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
    writeEntry(view, bucket * DIRECTORY_BUCKET_BYTES + position * DirectoryEntry.bytes, item);
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
