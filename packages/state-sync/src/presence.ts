import { setTimeout as wait } from 'node:timers/promises';
import type { FlowStore } from './flow-store.js';

export interface PresenceOptions {
  readonly store: FlowStore;
  readonly nodeName: string;
  /** Names of the other nodes, as of now. */
  readonly others: () => readonly string[];
  readonly onChange: (change: PresenceChange) => void;
}

/** A node that was not seen and is, or that was and is not. */
export interface PresenceChange {
  readonly nodeName: string;
  readonly isPresent: boolean;
}

/** Says that this node lives until it is disposed of. */
export interface Presence extends AsyncDisposable {
  /** Undefined: it was never seen, or the store can't be trusted to know. */
  isPresent(nodeName: string): boolean | undefined;
}

const INTERVAL_MS = 300;
/** Lives through two writes that fail. */
const TTL_MS = 1_000;
/** The store was slow to answer, in all of a round: others may have been late with their next write because of it. */
const SLOW_MS = 150;
/** The store was gone, or lost the own name: others need so long to connect again and write theirs. */
const GRACE_MS = 3_000;

/**
 * Nodes of a cluster see each other by names in the store that expire a second after their last breath. That someone is
 * there is believed at once; that someone who was there is not, only of a store that has answered without a gap and kept
 * this node's own name.
 */
export function openPresence(options: PresenceOptions): Presence {
  return new StorePresence(options);
}

class StorePresence implements Presence {
  readonly #present = new Map<string, boolean>();
  readonly #stop = new AbortController();
  readonly #rounds: Promise<void>;
  /** Until then, nobody counts as gone. */
  #doubtUntilMs = performance.now() + GRACE_MS;

  constructor(private readonly options: PresenceOptions) {
    this.#rounds = this.#run();
  }

  isPresent(nodeName: string): boolean | undefined {
    const isPresent = this.#present.get(nodeName);
    return isPresent && performance.now() < this.#doubtUntilMs ? undefined : isPresent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#rounds;
    // A store that is gone forgets by itself.
    await this.options.store.release(this.options.nodeName).catch(() => {});
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const begunMs = performance.now();
      await this.#round(begunMs);
      const leftMs = Math.max(0, INTERVAL_MS - (performance.now() - begunMs));
      await wait(leftMs, undefined, { signal }).catch(() => {});
    }
  }

  async #round(begunMs: number): Promise<void> {
    const { store, nodeName, others } = this.options;
    const names = [...new Set(others())].filter((name) => name !== nodeName);
    try {
      // Read first: the own name has to be there since the round before.
      const [isOwnHeld = false, ...held] = await store.held([nodeName, ...names]);
      const nowMs = performance.now();
      if (!isOwnHeld) this.#doubt(nowMs + GRACE_MS);
      if (nowMs - begunMs > SLOW_MS) this.#doubt(nowMs + TTL_MS);
      for (const [index, name] of names.entries()) this.#see(name, held[index] ?? false, nowMs);
      await store.hold(nodeName, TTL_MS);
      // Others' names may have expired while theirs waited, too: the next answer, however fast, does not have them yet.
      const doneMs = performance.now();
      if (doneMs - begunMs > SLOW_MS) this.#doubt(doneMs + TTL_MS);
    } catch {
      // Why is the store's to tell.
      this.#doubt(performance.now() + GRACE_MS);
    }
  }

  #doubt(untilMs: number): void {
    this.#doubtUntilMs = Math.max(this.#doubtUntilMs, untilMs);
  }

  #see(name: string, isHeld: boolean, nowMs: number): void {
    const wasPresent = this.#present.get(name) ?? false;
    if (isHeld === wasPresent || (!isHeld && nowMs < this.#doubtUntilMs) || this.#stop.signal.aborted) return;
    this.#present.set(name, isHeld);
    this.options.onChange({ nodeName: name, isPresent: isHeld });
  }
}
