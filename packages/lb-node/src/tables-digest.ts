import { createHash } from 'node:crypto';
import type { ForwardingService, ForwardingTables } from '@weir/dataplane';

/** Hexadecimal digits: 64 bits tell the tables of a few hundred nodes apart. */
const DIGITS = 16;

/** Rows are hashed once: most changes leave most tables as they were, and a table has 65,537 rows. */
const rowsHashes = new WeakMap<object, string>();

/**
 * One short text for where tables send packets. It is the same on all nodes that would send each packet to the same
 * backend, and does not depend on the order of services. What differs between nodes by design is left out: their own
 * addresses, ports and guard; rows that keep flows; and which other nodes answer them.
 */
export function tablesDigest({ services, hashSeed, owners }: ForwardingTables): string {
  const hash = createHash('sha256');
  for (const text of services.map(serviceText).sort()) hash.update(`${text}\n`);
  hash.update(String(hashSeed));
  if (owners !== undefined) {
    const { nodes, choices, port, hashKey } = owners;
    hash.update(JSON.stringify([nodes, choices, port, Buffer.from(hashKey).toString('hex')]));
  }
  return hash.digest('hex').slice(0, DIGITS);
}

function serviceText({ listeners, forwarding, scheduling, backends, rows, persistence }: ForwardingService): string {
  const places = backends.map(({ address, port, weight }) => [address, port, weight]);
  return JSON.stringify([listeners, forwarding, scheduling, places, rowsHash(rows), persistence]);
}

function rowsHash(rows: ArrayLike<number>): string {
  let hash = rowsHashes.get(rows);
  if (hash === undefined) {
    // As one type, whichever array they come in: indexes of backends fit.
    const bytes = Uint32Array.from(rows);
    hash = createHash('sha256').update(bytes).digest('hex');
    rowsHashes.set(rows, hash);
  }
  return hash;
}
