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
  #isStopped = false;
  /** A reading that is wanted at once waits for the one that runs. */
  #isAwake = false;
  #endWait = () => {};
  readonly #task: Promise<void>;
  #told: ToldCondition | undefined;
  #trouble: string | undefined;

  constructor(parts: ConditionTellingParts) {
    this.#parts = parts;
    this.#task = this.#run();
  }

  /** Reads at once: something else is asked for, or waited for, than before. */
  wake(): void {
    this.#isAwake = true;
    this.#endWait();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.wake();
    await this.#task;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      this.#isAwake = false;
      await this.#readOnce();
      if (!this.#isAwake) await this.#wait();
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, READ_MS);
      this.#endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
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
      logger.warn(
        { event: 'condition_unknown', err },
        `the condition of this node can't be read: ${message}; rollouts wait meanwhile`,
      );
    }
  }
}
