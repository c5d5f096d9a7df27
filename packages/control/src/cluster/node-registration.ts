import type { EtcdConfig, NodeRecord } from '../cluster-config.js';
import type { EtcdConnection } from '../etcd/etcd-connection.js';
import { troubleText } from '../etcd/etcd-trouble.js';
import { LeasedKey, type LeasedKeyStep } from '../etcd/leased-key.js';
import { clusterPrefix } from './cluster-key.js';
import type { ClusterLog } from './cluster-log.js';
import type { NodeRegistration } from './config-source.js';

const RETRY_MS = 1000;

export interface RegistrationOptions {
  readonly config: EtcdConfig;
  readonly logger: ClusterLog;
  record(): NodeRecord;
  /** The member that is spoken to at the moment. */
  connection(): EtcdConnection | undefined;
  onClosed(): void;
}

/** Keeps `nodes/NAME` under a lease. Time is counted, never read off a clock: one that jumps does not matter. */
export class LeasedRegistration implements NodeRegistration {
  /** Without the prefix of the cluster. */
  readonly key: string;
  readonly #options: RegistrationOptions;
  readonly #key: LeasedKey;
  readonly #task: Promise<void>;
  readonly #isOpen = new AbortController();
  #wake: (() => void) | undefined;
  #isAwake = false;
  #taken: { readonly instance: string; readonly sinceMs: number; isTold: boolean } | undefined;
  #trouble: string | undefined;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    const { config, record } = options;
    this.key = nodeKey(record().name);
    this.#key = new LeasedKey({
      key: `${clusterPrefix(config.cluster)}${this.key}`,
      leaseMs: config.leaseMs,
      timeoutMs: config.timeoutMs,
      value: () => JSON.stringify(record()),
      isOwn: (text) => instanceOf(text) === record().instance,
    });
    this.#task = this.#run();
  }

  refresh(): void {
    this.#isAwake = true;
    this.#wake?.();
  }

  /** The key is gone, whoever took it away. */
  keyGone(): void {
    this.#key.forget();
    this.refresh();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOpen.abort();
    this.refresh();
    await this.#task;
    this.#options.onClosed();
    const connection = this.#options.connection();
    if (connection === undefined) return;
    try {
      await this.#key.release(connection.client);
    } catch (error) {
      const { config, logger } = this.#options;
      const message = `the entry of this node stays until its lease of ${config.leaseMs / 1000} s ends`;
      logger.warn(
        { event: 'node_entry_stays', endpoint: connection.endpoint },
        `${message}: etcd ${troubleText(error as Error)}`,
      );
    }
  }

  async #run(): Promise<void> {
    const { leaseMs } = this.#options.config;
    while (!this.#isOpen.signal.aborted) {
      this.#isAwake = false;
      const isHeld = await this.#step();
      await this.#sleep(isHeld ? leaseMs / 3 : Math.min(RETRY_MS, leaseMs / 3));
    }
  }

  /** @returns is all well? */
  async #step(): Promise<boolean> {
    const connection = this.#options.connection();
    if (connection === undefined) return false;
    try {
      const step = await this.#key.step(connection.client);
      this.#trouble = undefined;
      this.#tell(step);
      return step.kind === 'held';
    } catch (error) {
      this.#tellTrouble(connection, troubleText(error as Error));
      return false;
    }
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#isAwake) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  #tell(step: LeasedKeyStep): void {
    const { key } = this;
    const { logger, config } = this.#options;
    if (step.kind === 'held') {
      if (step.isRenewal)
        logger.warn(
          { event: 'node_lease_expired', key },
          `the lease of ${key} had expired; registered again, nothing was withdrawn`,
        );
      if (this.#taken?.isTold === true)
        logger.info({ event: 'node_registered', key }, `${key} is free; this node is registered`);
      this.#taken = undefined;
      return;
    }
    const instance = instanceOf(step.text) ?? step.text;
    if (this.#taken?.instance !== instance) this.#taken = { instance, sinceMs: performance.now(), isTold: false };
    // What a former life of this node left behind goes when its lease ends.
    const isAlive = performance.now() - this.#taken.sinceMs > config.leaseMs + RETRY_MS;
    if (!isAlive || this.#taken.isTold) return;
    this.#taken.isTold = true;
    const message = `another node that is alive is registered as ${key}; give each its own node.name. This one is not registered`;
    logger.error({ event: 'node_name_taken', key, instance }, message);
  }

  #tellTrouble({ endpoint }: EtcdConnection, trouble: string): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#options.logger.warn(
      { event: 'node_not_registered', endpoint },
      `this node can't be registered: etcd at ${endpoint} ${trouble}`,
    );
  }
}

function nodeKey(name: string): string {
  return `nodes/${name}`;
}

function instanceOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { instance?: string } | null)?.instance;
  } catch {
    return undefined;
  }
}
