import { isDeepStrictEqual } from 'node:util';

/** One difference between two documents. */
export interface FieldChange {
  /** `method`, `healthCheck.interval`, `backends[web1].weight`, `listeners[198.51.100.10 tcp 443]`; empty: the whole. */
  readonly path: string;
  /** Undefined: was not there. */
  readonly before: unknown;
  /** Undefined: is not there any more. */
  readonly after: unknown;
}

/** Lists whose entries are told apart by what they are, wherever they stand. */
const KEYS_OF_LISTS: Readonly<Record<string, (entry: Fields) => string>> = {
  services: ({ name }) => String(name),
  backends: ({ name, address, port }) => String(name ?? (port === undefined ? address : `${address} ${port}`)),
  members: ({ name }) => String(name),
  listeners: ({ vip, protocol = 'tcp', port }) => [vip, protocol, port].filter((part) => part !== undefined).join(' '),
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * What is different, in the order of the fields of `before`, then of those that are new. Entries of lists that have names
 * are compared with their namesakes; lists of plain values change as a whole.
 */
export function fieldChanges(before: unknown, after: unknown): FieldChange[] {
  return changesAt('', '', before, after);
}

/** @param key  the last part of the path */
function changesAt(path: string, key: string, before: unknown, after: unknown): FieldChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (isFields(before) && isFields(after)) {
    return unionOfKeys(before, after).flatMap((field) =>
      changesAt(path === '' ? field : `${path}.${field}`, field, before[field], after[field]),
    );
  }
  const keyOf = KEYS_OF_LISTS[key];
  const entries = keyOf && [byKey(before ?? [], keyOf), byKey(after ?? [], keyOf)];
  const [old, next] = entries ?? [];
  if (old === undefined || next === undefined) return [{ path, before, after }];
  return unionOfKeys(old, next).flatMap((name) => changesAt(`${path}[${name}]`, '', old[name], next[name]));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unionOfKeys(before: Fields, after: Fields): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])];
}

/** Undefined: it is no such list, or two entries have one key. */
function byKey(list: unknown, keyOf: (entry: Fields) => string): Fields | undefined {
  if (!Array.isArray(list) || !list.every(isFields)) return undefined;
  const entries = new Map(list.map((entry) => [keyOf(entry), entry]));
  if (entries.size !== list.length) return undefined;
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}
