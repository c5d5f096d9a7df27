import { pointsTo } from './answer-record.js';
import { isOwnedBy } from './flow-record.js';
import type { FlowStore } from './flow-store.js';
import { eachEnd, eachWrite } from './packed-writes.js';

export interface MemoryStoreOptions {
  /** Values that are kept at most, two for a flow of fullnat; whoever was written longest ago gives way. */
  readonly valuesMax?: number;
  /** Time in ms, from any point on. */
  readonly nowMs?: () => number;
}

const VALUES_MAX = 1_000_000;

/** Values that are looked at for every one that is written: more than can come, so that what has expired goes. */
const SWEPT_PER_WRITE = 2;

interface Kept {
  readonly value: Buffer;
  readonly untilMs: number;
}

/** Keeps records in this process. Nodes that share it are in the same process, too: those of tests and simulations. */
export class MemoryStore implements FlowStore {
  readonly isAvailable = true;
  readonly lastError = undefined;
  readonly reconnections = 0;
  /** In the order in which they were written. */
  readonly #values = new Map<string, Kept>();
  readonly #names = new Map<string, number>();
  readonly #listeners = new Map<string, Set<(message: Buffer) => void>>();
  readonly #valuesMax: number;
  readonly #nowMs: () => number;
  #sweep: MapIterator<[string, Kept]>;

  constructor({ valuesMax = VALUES_MAX, nowMs = () => performance.now() }: MemoryStoreOptions = {}) {
    this.#valuesMax = valuesMax;
    this.#nowMs = nowMs;
    this.#sweep = this.#values.entries();
  }

  /** Values that are kept, those that have expired and were not met yet among them. */
  get size(): number {
    return this.#values.size;
  }

  onAvailability(): () => void {
    return () => {};
  }

  async write(packed: Buffer, ttlSeconds: readonly number[]): Promise<void> {
    const nowMs = this.#nowMs();
    eachWrite(packed, (id, value, state) => {
      const key = keyOf(id);
      // Taken out first: a map keeps the place of a key that it has.
      this.#values.delete(key);
      const untilMs = nowMs + (ttlSeconds[state] ?? 0) * 1000;
      this.#values.set(key, { value: Buffer.from(value), untilMs });
      this.#forgetSome(nowMs);
    });
  }

  async remove(packed: Buffer, owner: number): Promise<void> {
    eachEnd(packed, (clientId, answerId) => {
      const record = this.#read(clientId);
      if (record === undefined || !isOwnedBy(record, owner)) return;
      this.#values.delete(keyOf(clientId));
      if (answerId === undefined) return;
      const answer = this.#read(answerId);
      if (answer !== undefined && pointsTo(answer, clientId)) this.#values.delete(keyOf(answerId));
    });
  }

  async read(ids: readonly Buffer[]): Promise<readonly (Uint8Array | undefined)[]> {
    return ids.map((id) => this.#read(id));
  }

  async hold(name: string, ttlMs: number): Promise<void> {
    this.#names.set(name, this.#nowMs() + ttlMs);
  }

  async release(name: string): Promise<void> {
    this.#names.delete(name);
  }

  async held(names: readonly string[]): Promise<readonly boolean[]> {
    const nowMs = this.#nowMs();
    return names.map((name) => (this.#names.get(name) ?? 0) > nowMs);
  }

  async publish(channel: string, message: Buffer): Promise<void> {
    for (const listener of this.#listeners.get(channel) ?? []) listener(message);
  }

  subscribe(channel: string, listener: (message: Buffer) => void): () => void {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#values.clear();
    this.#listeners.clear();
  }

  #read(id: Buffer): Buffer | undefined {
    const kept = this.#values.get(keyOf(id));
    return kept !== undefined && kept.untilMs > this.#nowMs() ? kept.value : undefined;
  }

  /** A flow's states have different TTLs, so what expires first is not what was written first. */
  #forgetSome(nowMs: number): void {
    for (let i = 0; i < SWEPT_PER_WRITE; i++) {
      const { value: entry, done } = this.#sweep.next();
      if (done) {
        this.#sweep = this.#values.entries();
        break;
      }
      if (entry[1].untilMs <= nowMs) this.#values.delete(entry[0]);
    }
    if (this.#values.size > this.#valuesMax) {
      const [oldest] = this.#values.keys();
      if (oldest !== undefined) this.#values.delete(oldest);
    }
  }
}

const keyOf = (id: Buffer) => id.toString('latin1');
