import type { Etcd3, IRequestOp, IResponseOp } from 'etcd3';
import { rangeEnd } from '../etcd/key-range.js';

/** Keys that a change is checked beside; none of them may be newer than what it was checked with. */
const CHECKED_PREFIXES = ['services/', 'backends/', 'settings/', 'node-states/'] as const;

interface Range {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

export interface ClusterWrite {
  /** Of the cluster, with its slash. */
  readonly prefix: string;
  /** Texts by key; undefined: the key goes. A key that has a lease keeps it. */
  readonly texts: ReadonlyMap<string, string | undefined>;
  /** Of those keys, what each is at; `0`: it is not there. */
  readonly revisions: ReadonlyMap<string, string>;
  /** What the change was checked with. */
  readonly seenRevision: string;
}

export type WriteOutcome =
  | { readonly kind: 'written'; readonly revision: string }
  /** Something is newer: nothing was written. */
  | { readonly kind: 'newer'; readonly newestRevision: string };

/**
 * Writes all of it or nothing: only while no service, backend or setting is newer than what the change was checked with.
 * @throws what etcd or the connection says
 */
export async function writeToCluster(client: Etcd3, write: ClusterWrite): Promise<WriteOutcome> {
  const { prefix, texts, revisions, seenRevision } = write;
  const seen = BigInt(seenRevision);
  const ranges = checkedRanges(prefix);
  const { succeeded, header, responses } = await client.kv.txn({
    compare: [
      ...ranges.map((range) => ({
        ...range,
        target: 'Mod' as const,
        result: 'Less' as const,
        mod_revision: String(seen + 1n),
      })),
      ...[...revisions].map(([name, mod_revision]) => ({
        key: Buffer.from(`${prefix}${name}`),
        target: 'Mod' as const,
        result: 'Equal' as const,
        mod_revision,
      })),
    ],
    success: [...texts].map(([name, text]) => {
      const key = Buffer.from(`${prefix}${name}`);
      if (text === undefined) return { request_delete_range: { key } };
      return { request_put: { key, value: Buffer.from(text), ignore_lease: revisions.get(name) !== '0' } };
    }),
    failure: newestOf(ranges),
  });
  if (succeeded) return { kind: 'written', revision: header.revision };
  const newest = newestIn(responses);
  // A key that was deleted is in no range any more; its deletion is to be seen all the same.
  return { kind: 'newer', newestRevision: String(newest > seen ? newest : seen + 1n) };
}

/** Revision of the newest of all services, backends and settings in etcd at this moment; `0`: there are none. */
export async function newestRevision(client: Etcd3, prefix: string): Promise<string> {
  const { responses } = await client.kv.txn({ success: newestOf(checkedRanges(prefix)) });
  return String(newestIn(responses));
}

function checkedRanges(prefix: string): readonly Range[] {
  return CHECKED_PREFIXES.map((of) => ({
    key: Buffer.from(`${prefix}${of}`),
    range_end: rangeEnd(`${prefix}${of}`),
  }));
}

function newestOf(ranges: readonly Range[]): IRequestOp[] {
  return ranges.map((range) => ({
    request_range: { ...range, sort_target: 'Mod', sort_order: 'Descend', limit: 1, keys_only: true },
  }));
}

function newestIn(responses: readonly IResponseOp[]): bigint {
  const revisions = responses.flatMap(({ response_range }) => response_range.kvs.map((kv) => BigInt(kv.mod_revision)));
  return revisions.toSorted((a, b) => (a < b ? -1 : 1)).at(-1) ?? 0n;
}
