import { setTimeout as wait } from 'node:timers/promises';
import type { NodeCondition, RolloutDriver } from '@weir/control';
import type { Logger } from '@weir/daemon';
import { isDue, type ToldCondition } from './condition-pace.js';

/** Drains and steps of rollouts are waited for at this pace. */
const READ_MS = 1_000;

/** Whose condition is told, and to whom. */
export interface ConditionTellingParts {
  read(followed: readonly string[]): Promise<NodeCondition>;
  tell(condition: NodeCondition): void;
  /** What is under way. */
  readonly rollouts: Pick<RolloutDriver, 'rolling' | 'followedBackends'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Reads the condition of a node once a second and tells it when that {@link isDue}, until disposed of. */
export class ConditionTelling implements AsyncDisposable {
  readonly #parts: ConditionTellingParts;
  readonly #stop = new AbortController();
  readonly #task: Promise<void>;
  #told: ToldCondition | undefined;
  #trouble: string | undefined;

  constructor(parts: ConditionTellingParts) {
    this.#parts = parts;
    this.#task = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#task;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#readOnce();
      await wait(READ_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #readOnce(): Promise<void> {
    const { read, tell, rollouts, logger } = this.#parts;
    try {
      const condition = await read(rollouts.followedBackends);
      const nowMs = performance.now();
      this.#trouble = undefined;
      if (!isDue(condition, this.#told, { nowMs, rolling: rollouts.rolling })) return;
      this.#told = { condition, atMs: nowMs };
      tell(condition);
    } catch (err) {
      const { message } = err as Error;
      if (message === this.#trouble) return;
      this.#trouble = message;
      logger.warn({ err }, `the condition of this node can't be read: ${message}; rollouts wait meanwhile`);
    }
  }
}
