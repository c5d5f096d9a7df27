import { type ClusterEntry, parseClusterEntry } from './cluster-value.js';

/** The text of now and the last good one. */
const TEXTS_OF_A_KEY = 2;

/** Remembers what keys and their texts mean, so that one change leaves the others as they were: the same objects. */
export class EntryCache {
  readonly #known = new Map<string, { readonly text: string; readonly entry: ClusterEntry }[]>();

  entry(key: string, text: string): ClusterEntry {
    const ofKey = this.#known.get(key) ?? [];
    const known = ofKey.find((candidate) => candidate.text === text);
    if (known !== undefined) return known.entry;
    const entry = parseClusterEntry(key, text);
    this.#known.set(key, [{ text, entry }, ...ofKey].slice(0, TEXTS_OF_A_KEY));
    return entry;
  }

  /** Forgets the keys that are not among these. */
  keep(keys: ReadonlyMap<string, unknown>): void {
    if (this.#known.size <= keys.size) return;
    for (const key of this.#known.keys()) if (!keys.has(key)) this.#known.delete(key);
  }
}
