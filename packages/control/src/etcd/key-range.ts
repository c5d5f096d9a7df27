import type { Etcd3 } from 'etcd3';

/** Keys of one answer: what is said in less than a deadline, however long the values. */
const PAGE_KEYS = 1000;

/** All keys with a prefix, as they were at one revision. */
export interface KeyRange {
  readonly revision: string;
  /** Texts by key, without the prefix; in the order in which they were made. */
  readonly keys: ReadonlyMap<string, string>;
  /** Of each key, that of its last change. */
  readonly revisions: ReadonlyMap<string, string>;
}

/** The end of the range of all keys that begin with the prefix. */
export function rangeEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  // Prefixes end in a slash, whose successor needs no carry.
  end[end.length - 1] = (end[end.length - 1] as number) + 1;
  return end;
}

/**
 * Reads all keys with a prefix, page by page, from one revision.
 * @throws what etcd says; that the revision was compacted, if that happens in between
 */
export async function readRange(client: Etcd3, prefix: string): Promise<KeyRange> {
  const range_end = rangeEnd(prefix);
  const found: { key: string; text: string; created: number; changed: string }[] = [];
  let revision = '0';
  let key: Buffer = Buffer.from(prefix);
  for (;;) {
    const page = await client.kv.range({ key, range_end, limit: PAGE_KEYS, revision });
    if (revision === '0') revision = page.header.revision;
    for (const { key, value, create_revision, mod_revision } of page.kvs) {
      found.push({
        changed: mod_revision,
        key: key.toString().slice(prefix.length),
        text: value.toString(),
        created: Number(create_revision),
      });
    }
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) break;
    key = Buffer.concat([last.key, Buffer.of(0)]);
  }
  found.sort((a, b) => a.created - b.created);
  return {
    revision,
    keys: new Map(found.map(({ key, text }) => [key, text])),
    revisions: new Map(found.map(({ key, changed }) => [key, changed])),
  };
}
