import type { ClusterEntry } from './cluster-value.js';
import type { EntryCache } from './entry-cache.js';

export type GoodEntry = Exclude<ClusterEntry, { kind: 'bad' }>;

/**
 * How well a key has stood the test so far; what contradicts what was there before loses.
 * `inForce`: it says what it said when it was in force.
 */
type Standing = 'inForce' | 'changed' | 'new';

const STANDING_ORDER: readonly Standing[] = ['inForce', 'changed', 'new'];

/** For each key the text that is to be in force: its own, or while that is bad its last good one, or none. */
export class Candidates {
  /** Why keys are not in force as they are. */
  readonly skipped = new Map<string, string>();
  /** In the order of the keys. */
  readonly #entries = new Map<string, GoodEntry>();
  readonly #texts = new Map<string, string>();
  readonly #keys: ReadonlyMap<string, string>;
  readonly #lastGood: ReadonlyMap<string, string>;
  readonly #cache: EntryCache;

  constructor(keys: ReadonlyMap<string, string>, lastGood: ReadonlyMap<string, string>, cache: EntryCache) {
    this.#keys = keys;
    this.#lastGood = lastGood;
    this.#cache = cache;
    for (const [key, text] of keys) this.#propose(key, text);
    cache.keep(keys);
  }

  get entries(): ReadonlyMap<string, GoodEntry> {
    return this.#entries;
  }

  /** What is in force, as it becomes the last good. */
  get texts(): ReadonlyMap<string, string> {
    return this.#texts;
  }

  standing(key: string): Standing {
    const last = this.#lastGood.get(key);
    if (last === undefined) return 'new';
    return last === this.#texts.get(key) ? 'inForce' : 'changed';
  }

  /** Sorts what has stood longer before what is newer. */
  byStanding(a: string, b: string): number {
    return STANDING_ORDER.indexOf(this.standing(a)) - STANDING_ORDER.indexOf(this.standing(b));
  }

  /** The text in force is bad, for itself or beside the others: the one before it takes its place. */
  reject(key: string, problem: string): void {
    if (!this.skipped.has(key)) this.skipped.set(key, problem);
    const rejected = this.#texts.get(key);
    const last = this.#lastGood.get(key);
    this.#texts.delete(key);
    this.#entries.delete(key);
    if (last !== undefined && last !== rejected) this.#propose(key, last);
  }

  /** All services and backends that were in force say again what they said then; what is new stays as it is. */
  restoreLastGood(problem: string): void {
    for (const [key, text] of this.#keys) {
      const last = this.#lastGood.get(key);
      if (last === undefined || !isOfService(this.#cache.entry(key, last))) continue;
      if (last === text) this.skipped.delete(key);
      else if (!this.skipped.has(key)) this.skipped.set(key, problem);
      this.#propose(key, last);
    }
  }

  #propose(key: string, text: string): void {
    const entry = this.#cache.entry(key, text);
    this.#texts.set(key, text);
    if (entry.kind === 'bad') this.reject(key, entry.problem);
    else this.#entries.set(key, entry);
  }
}

function isOfService({ kind }: ClusterEntry): boolean {
  return kind === 'service' || kind === 'backend';
}
