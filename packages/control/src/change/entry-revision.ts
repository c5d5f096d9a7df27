import { createHash } from 'node:crypto';

/** An entry that does not exist. */
export const NO_REVISION = '0';

const SHOWN_DIGITS = 12;

/** Entries are never changed, others take their places. */
const known = new WeakMap<object, string>();

/** Revision of an entry that has no counter: a digest of what it says. The order of its fields does not matter. */
export function entryRevision(entry: unknown): string {
  if (entry === undefined) return NO_REVISION;
  if (typeof entry !== 'object' || entry === null) return digest(entry);
  const revision = known.get(entry) ?? digest(entry);
  known.set(entry, revision);
  return revision;
}

function digest(entry: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(ordered(entry)))
    .digest('hex')
    .slice(0, SHOWN_DIGITS);
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, ordered(inner)]);
}
