import type { NodeRecord } from '../cluster-config.js';
import type { KeyEvent } from '../etcd/watch-stream.js';
import { parseClusterKey } from './cluster-key.js';
import { parseClusterEntry } from './cluster-value.js';

/**
 * The records of nodes after events that are about nothing else: nodes tell their condition again and again, and what is
 * configured follows from none of it.
 *
 * @param nodes  by name, before the events
 * @returns undefined: some event is about something else, or is not right, and all keys have to be looked at
 */
export function nodeRecordsAfter(
  nodes: readonly NodeRecord[],
  events: readonly KeyEvent[],
): readonly NodeRecord[] | undefined {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  for (const { key, text } of events) {
    const parsed = parseClusterKey(key);
    if (parsed.kind !== 'node') return undefined;
    if (text === undefined) {
      byName.delete(parsed.name);
      continue;
    }
    const entry = parseClusterEntry(key, text);
    if (entry.kind !== 'node' || entry.value.name !== parsed.name) return undefined;
    byName.set(parsed.name, entry.value);
  }
  return inOrder([...byName.values()]);
}

/** By name. */
export function inOrder(nodes: readonly NodeRecord[]): readonly NodeRecord[] {
  return [...nodes].sort((a, b) => (a.name < b.name ? -1 : 1));
}
