import { invalid } from './admin-error.js';

const SIZE_DEFAULT = 100;
const SIZE_MAX = 1000;

/** What a request says of the part of a list that it wants. */
export interface PageRequest {
  /** 0: the default. */
  readonly pageSize: number;
  /** Empty: from the beginning. */
  readonly pageToken: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Empty: these were the last. */
  readonly nextPageToken: string;
}

/**
 * A part of a list. A token names the entry that the last page ended with: entries that come or go in between neither hide
 * others nor show them twice.
 * @param all    in the order of their keys
 * @param keyOf  unique; compared by its parts, each as text
 * @throws {AdminError} INVALID_ARGUMENT: the token is none
 */
export function pageOf<T>(
  all: readonly T[],
  keyOf: (item: T) => readonly string[],
  { pageSize, pageToken }: PageRequest,
): Page<T> {
  const after = pageToken === '' ? undefined : keyOfToken(pageToken);
  const from = after === undefined ? 0 : all.findIndex((item) => compareKeys(keyOf(item), after) > 0);
  const rest = from === -1 ? [] : all.slice(from);
  const items = rest.slice(0, Math.min(pageSize === 0 ? SIZE_DEFAULT : pageSize, SIZE_MAX));
  const last = items.at(-1);
  const isEnd = last === undefined || items.length === rest.length;
  return { items, nextPageToken: isEnd ? '' : Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') };
}

export function compareKeys(a: readonly string[], b: readonly string[]): number {
  for (const [at, part] of a.entries()) {
    const other = b[at];
    if (other === undefined) return 1;
    if (part !== other) return part < other ? -1 : 1;
  }
  return a.length - b.length;
}

function keyOfToken(token: string): readonly string[] {
  try {
    const key: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(key) && key.every((part) => typeof part === 'string')) return key;
  } catch {
    // Told below.
  }
  const description = `${JSON.stringify(token)} is no token of this list; take next_page_token of the last answer as it is`;
  throw invalid([{ field: 'pageToken', description }]);
}
