import type { SrvData } from 'dns-packet';
import type { DnsDiscoveryConfig } from './discovery-config.js';
import type { DnsLookup } from './dns-lookup.js';

/** Names whose addresses are asked for at the same time. */
const TARGETS_AT_ONCE = 16;

export type AddressRecord = 'A' | 'AAAA';

/** What DNS says of backends at the moment. */
export interface DnsBackends {
  /** Entries as in `backends`, not yet checked; in an order that does not depend on that of the answers. */
  readonly entries: readonly { readonly address: string; readonly port?: number; readonly weight: number }[];
  /** The smallest on the way. */
  readonly ttlSeconds: number;
  /** Targets without an address. */
  readonly problems: readonly string[];
}

/**
 * Asks for the records that a service is found by, and for the addresses of SRV targets. Of SRV records those of the
 * lowest priority are used that have an address (RFC 2782); a weight of 0 counts as 1, for there 0 means few and here
 * none.
 * @throws {Error} one of the questions got no answer: a part of the backends is not all of them
 */
export async function askForBackends(
  records: DnsDiscoveryConfig['records'],
  types: readonly AddressRecord[],
  lookup: DnsLookup,
  signal: AbortSignal,
): Promise<DnsBackends> {
  if (records.kind === 'srv') return ofSrv(records.name, types, lookup, signal);
  const { name, port, weight } = records;
  const { addresses, ttlSeconds } = await addressesOf(name, types, lookup, signal);
  const entries = addresses.map((address) => ({ address, ...(port === undefined ? {} : { port }), weight }));
  return { entries, ttlSeconds, problems: [] };
}

async function ofSrv(
  name: string,
  types: readonly AddressRecord[],
  lookup: DnsLookup,
  signal: AbortSignal,
): Promise<DnsBackends> {
  const { records, ttlSeconds: ttlOfSrv } = await lookup.ask(name, 'SRV', signal);
  let ttlSeconds = ttlOfSrv;
  const problems: string[] = [];
  for (const targets of byPriority(records)) {
    const entries: DnsBackends['entries'][number][] = [];
    for (let at = 0; at < targets.length; at += TARGETS_AT_ONCE) {
      const some = targets.slice(at, at + TARGETS_AT_ONCE);
      const found = await Promise.all(some.map(({ target }) => addressesOf(target, types, lookup, signal)));
      for (const [i, { target, port, weight = 0 }] of some.entries()) {
        const { addresses, ttlSeconds: ttl } = found[i] as Addresses;
        ttlSeconds = Math.min(ttlSeconds, ttl);
        if (addresses.length === 0) problems.push(`${target}, a target of ${name}, has no address`);
        entries.push(...addresses.map((address) => ({ address, port, weight: Math.max(weight, 1) })));
      }
    }
    if (entries.length > 0) return { entries: sorted(entries), ttlSeconds, problems };
  }
  return { entries: [], ttlSeconds, problems };
}

/** The lowest first; "." is no target: the service is not to be had there. */
function byPriority(records: readonly SrvData[]): readonly (readonly SrvData[])[] {
  const ofPriority = new Map<number, SrvData[]>();
  for (const record of records) {
    if (record.target === '.') continue;
    const { priority = 0 } = record;
    ofPriority.set(priority, [...(ofPriority.get(priority) ?? []), record]);
  }
  return [...ofPriority].sort(([a], [b]) => a - b).map(([, targets]) => targets);
}

interface Addresses {
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
}

async function addressesOf(
  name: string,
  types: readonly AddressRecord[],
  lookup: DnsLookup,
  signal: AbortSignal,
): Promise<Addresses> {
  const answers = await Promise.all(types.map((type) => lookup.ask(name, type, signal)));
  // That a name has no address of one family does not shorten the life of the others.
  const telling = answers.some(({ records }) => records.length > 0)
    ? answers.filter(({ records }) => records.length > 0)
    : answers;
  return {
    addresses: telling.flatMap(({ records }) => records).sort(),
    ttlSeconds: Math.min(...telling.map(({ ttlSeconds }) => ttlSeconds)),
  };
}

function sorted(entries: DnsBackends['entries']): DnsBackends['entries'] {
  const keyOf = ({ address, port = 0 }: DnsBackends['entries'][number]) => `${address} ${port}`;
  return [...entries].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
