import type { RolloutStep } from './rollout-status.js';

/** For how long steps have been at their stages. Counted since this leader first asked: no clock that jumps matters. */
export class RolloutWaits {
  readonly #sinceMs = new Map<string, number>();
  readonly #asked = new Set<string>();
  readonly #now: () => number;

  /** @param now  ms of a monotonic clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param what  see StepScene.waitedMs */
  waitedMs(rollout: string, { id, stage }: RolloutStep, what = 'stage'): number {
    const key = `${rollout}/${id}/${stage}/${what}`;
    this.#asked.add(key);
    const sinceMs = this.#sinceMs.get(key);
    if (sinceMs !== undefined) return this.#now() - sinceMs;
    this.#sinceMs.set(key, this.#now());
    return 0;
  }

  /** What nobody asked for since the last call is waited for no more. */
  endRound(): void {
    for (const key of this.#sinceMs.keys()) if (!this.#asked.has(key)) this.#sinceMs.delete(key);
    this.#asked.clear();
  }

  forget(): void {
    this.#sinceMs.clear();
    this.#asked.clear();
  }
}
