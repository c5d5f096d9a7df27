import { isDeepStrictEqual } from 'node:util';
import type { Etcd3 } from 'etcd3';
import { clusterPrefix } from '../cluster/cluster-key.js';
import { backoffMs } from '../etcd/backoff.js';
import { connectEtcd, endpointName } from '../etcd/etcd-connection.js';
import { troubleText } from '../etcd/etcd-trouble.js';
import { watchRange } from '../etcd/watch-stream.js';
import { readRollouts } from './read-rollouts.js';
import { type RolloutActivity, rolloutActivity } from './rollout-activity.js';
import type { RolloutDriver, RolloutDriverOptions } from './rollout-driver-port.js';
import { RolloutLeadership } from './rollout-leadership.js';
import { RolloutRounds } from './rollout-round.js';
import { Wakeable } from './wakeable.js';

/** How often the leader looks at the cluster while a rollout is under way. */
const LOOK_MS = 500;

/** Begins to stand for election, and to drive rollouts whenever it leads. */
export function startRolloutDriver(options: RolloutDriverOptions): RolloutDriver {
  return new EtcdRolloutDriver(options);
}

class EtcdRolloutDriver implements RolloutDriver {
  readonly #options: RolloutDriverOptions;
  readonly #leadership: RolloutLeadership;
  readonly #rounds: RolloutRounds;
  readonly #closed = new AbortController();
  readonly #wakeable = new Wakeable();
  readonly #task: Promise<void>;
  #leader: string | undefined;
  #trouble: string | undefined;
  /** When the lease was prolonged last; undefined: it is to be at once. */
  #stoodMs: number | undefined;
  #activity: RolloutActivity = { rolling: false, followedBackends: [] };

  constructor(options: RolloutDriverOptions) {
    this.#options = options;
    const { config, name, logger } = options;
    this.#leadership = new RolloutLeadership(config, name);
    const leaderGuard = this.#leadership.guard;
    this.#rounds = new RolloutRounds({ cluster: config.cluster, name, logger, leaderGuard });
    this.#task = this.#run();
  }

  get isLeader(): boolean {
    return this.#leadership.isLeader;
  }

  get rolling(): boolean {
    return this.#activity.rolling;
  }

  get followedBackends(): readonly string[] {
    return this.#activity.followedBackends;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    this.#wakeable.wake();
    await this.#task;
  }

  /** Member after member, for as long as each answers. */
  async #run(): Promise<void> {
    const { signal } = this.#closed;
    const { config } = this.#options;
    let at = Math.floor(Math.random() * config.endpoints.length);
    for (let failures = 0; !signal.aborted; ) {
      const endpoint = config.endpoints[at % config.endpoints.length] as (typeof config.endpoints)[number];
      try {
        using connection = await connectEtcd(config, endpoint);
        await this.#serve(connection.client, () => {
          failures = 0;
          this.#tellWell(endpointName(endpoint));
        });
        await this.#leadership.release(connection.client);
      } catch (error) {
        this.#doubt();
        if (signal.aborted) return;
        this.#tellTrouble(endpointName(endpoint), error as Error);
        at += 1;
        failures += 1;
        await this.#wakeable.sleep(backoffMs(Math.floor(failures / config.endpoints.length)));
      }
    }
  }

  /** Until the driver is disposed of. @throws what goes wrong */
  async #serve(client: Etcd3, onAnswer: () => void): Promise<void> {
    const { signal } = this.#closed;
    const { cluster } = this.#options.config;
    const stop = new AbortController();
    const { revision } = await readRollouts(client, cluster);
    let failure: Error | undefined;
    const watch = this.#watch(client, revision, AbortSignal.any([signal, stop.signal])).then((error) => {
      failure = error;
      this.#wakeable.wake();
    });
    try {
      while (!signal.aborted) {
        if (failure !== undefined) throw failure;
        const hasMoved = await this.#look(client);
        onAnswer();
        const restMs = this.isLeader && this.rolling ? LOOK_MS : this.#options.config.leaseMs / 3;
        if (!hasMoved && !signal.aborted) await this.#wakeable.sleep(restMs);
      }
    } finally {
      stop.abort();
      await watch;
    }
  }

  async #watch(client: Etcd3, revision: string, signal: AbortSignal): Promise<Error> {
    const { cluster, timeoutMs } = this.#options.config;
    return watchRange(client, {
      prefix: `${clusterPrefix(cluster)}rollout`,
      fromRevision: BigInt(revision) + 1n,
      timeoutMs,
      signal,
      onEvents: (events) => {
        if (events.some(({ key, text }) => key === '-leader' && text === undefined)) this.#doubt();
        this.#wakeable.wake();
      },
    });
  }

  /** @returns has anything moved? */
  async #look(client: Etcd3): Promise<boolean> {
    await this.#stand(client);
    const stored = await readRollouts(client, this.#options.config.cluster);
    const activity = rolloutActivity(stored.rollouts);
    if (!isDeepStrictEqual(activity, this.#activity)) {
      this.#activity = activity;
      this.#options.onChange?.();
    }
    return this.isLeader && (await this.#rounds.round(client, stored));
  }

  async #stand(client: Etcd3): Promise<void> {
    const { leaseMs } = this.#options.config;
    if (this.#stoodMs !== undefined && performance.now() - this.#stoodMs < leaseMs / 3) return;
    const leader = await this.#leadership.step(client);
    this.#stoodMs = performance.now();
    if (leader === this.#leader) return;
    this.#leader = leader;
    if (!this.isLeader) return;
    this.#rounds.forget();
    this.#options.logger.info({ event: 'rollout.leader' }, 'this node drives the rollouts of the cluster');
  }

  /** Whether this node still leads must be seen. */
  #doubt(): void {
    this.#leadership.doubt();
    this.#leader = undefined;
    this.#stoodMs = undefined;
  }

  #tellWell(endpoint: string): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#options.logger.info({ event: 'rollout.etcd-back', endpoint }, `rollouts go on: etcd at ${endpoint} answers`);
  }

  #tellTrouble(endpoint: string, error: Error): void {
    const trouble = `etcd at ${endpoint} ${troubleText(error)}`;
    if (this.#trouble === trouble) return;
    this.#trouble = trouble;
    this.#options.logger.warn({ event: 'rollout.etcd-away', endpoint }, `rollouts wait: ${trouble}`);
  }
}
