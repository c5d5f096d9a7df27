import type { Etcd3 } from 'etcd3';
import { rangeEnd } from '../etcd/key-range.js';

/** Keys that a change is checked beside; none of them may be newer than what it was checked with. */
const CHECKED_PREFIXES = ['services/', 'backends/', 'settings/', 'node-states/'] as const;

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
  const ranges = CHECKED_PREFIXES.map((of) => ({
    key: Buffer.from(`${prefix}${of}`),
    range_end: rangeEnd(`${prefix}${of}`),
  }));
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
    failure: ranges.map((range) => ({
      request_range: {
        ...range,
        sort_target: 'Mod' as const,
        sort_order: 'Descend' as const,
        limit: 1,
        keys_only: true,
      },
    })),
  });
  if (succeeded) return { kind: 'written', revision: header.revision };
  const newest = responses.flatMap(({ response_range }) => response_range.kvs.map((kv) => BigInt(kv.mod_revision)));
  // A key that was deleted is in no range any more; its deletion is to be seen all the same.
  const newer = newest.find((revision) => revision > seen) ?? seen + 1n;
  return { kind: 'newer', newestRevision: String(newer) };
}

/** Revision of a key in etcd at this moment; `0`: there is none. */
export async function revisionOf(client: Etcd3, key: string): Promise<string> {
  const { kvs } = await client.kv.range({ key: Buffer.from(key), keys_only: true });
  return kvs[0]?.mod_revision ?? '0';
}
