import { inspect } from 'node:util';
import { issueText } from '../issue-text.js';
import { pathText } from '../path-text.js';
import { backendSchema } from '../service-schema.js';
import type { DiscoveredBackend } from './discovery.js';

export interface CheckedBackends {
  readonly backends: readonly DiscoveredBackend[];
  /** Entries that are none, and why: `[3].address: "x" is not an IP address`. */
  readonly problems: readonly string[];
}

/** The entries that are backends; one that is not leaves the others alone. */
export function checkBackends(entries: readonly unknown[]): CheckedBackends {
  const backends: DiscoveredBackend[] = [];
  const problems: string[] = [];
  for (const [at, entry] of entries.entries()) {
    const { data, error } = backendSchema.safeParse(entry);
    if (data !== undefined) backends.push(data);
    for (const issue of error?.issues ?? []) {
      const value = issue.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown>)[key], entry);
      const what = value === undefined ? 'is missing' : `${valueText(value)} ${issueText(issue)}`;
      problems.push(
        issue.code === 'unrecognized_keys'
          ? `${pathText([at])}: "${issue.keys.join('", "')}" is not a known key`
          : `${pathText([at, ...issue.path])}: ${what}`,
      );
    }
  }
  return { backends, problems };
}

/** In one line. What is in it may be itself, which JSON has no words for. */
function valueText(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value)
    : inspect(value, { depth: 1, breakLength: Infinity, compact: true });
}
