import { isDeepStrictEqual } from 'node:util';
import type { ClusterLog } from '../cluster/cluster-log.js';
import type { ClusterConfigSource, ConfigSourceOptions } from '../cluster/config-source.js';
import { openConfigSource } from '../cluster/open-config-source.js';
import { WrappingSource } from '../cluster/wrapping-source.js';
import { withKubernetes } from '../kubernetes/kubernetes-source.js';
import type { NodeConfig } from '../node-config.js';
import type { ConfigEvent } from '../watch-node-config.js';
import { DiscoveryRunner } from './discovery-runner.js';
import { withDiscovery } from './with-discovery.js';

/** So long a configuration waits for the first answers: with a service that is empty for a moment, packets would be lost. */
const FIRST_ANSWERS_MS = 3000;

/**
 * weir.yaml, what its sections `etcd` and `kubernetes` lead to, and the backends that the `discovery` of services finds.
 * @throws {ConfigError} when the file itself is wrong; never for what a source says, or for a source that is away
 */
export async function openDiscoveringSource(path: string, options: ConfigSourceOptions): Promise<ClusterConfigSource> {
  const source = await withKubernetes(await openConfigSource(path, options), options.logger);
  return DiscoveringSource.open(source, options.logger);
}

/** The configurations of another source, with the backends that are found. Owns the source. */
class DiscoveringSource extends WrappingSource {
  readonly #logger: ClusterLog;
  readonly #runner: DiscoveryRunner;
  readonly #end = new AbortController();
  #config: NodeConfig;
  #callback: ((event: ConfigEvent) => Promise<void>) | undefined;
  /** Callbacks run one at a time. */
  #queue: Promise<void> = Promise.resolve();
  /** What was found is to be told. */
  #isDue = false;
  /** A configuration waits for the answers of its sources, and tells what is found meanwhile. */
  #isSettling = false;
  #skipped: readonly string[] = [];

  private constructor(source: ClusterConfigSource, logger: ClusterLog) {
    super(source);
    this.#logger = logger;
    this.#config = source.config;
    this.#runner = new DiscoveryRunner({
      onChange: () => this.#onFound(),
      onTrouble: ({ service, source, message }) =>
        logger.warn(
          { event: 'discovery_trouble', service, source },
          `discovery for service ${service}, ${source}: ${message}`,
        ),
    });
  }

  static async open(source: ClusterConfigSource, logger: ClusterLog): Promise<DiscoveringSource> {
    const opened = new DiscoveringSource(source, logger);
    await opened.#settle(source.config);
    opened.#config = opened.#joined();
    return opened;
  }

  override get config(): NodeConfig {
    return this.#config;
  }

  override follow(callback: (event: ConfigEvent) => Promise<void>): void {
    this.#callback = callback;
    this.source.follow((event) => this.#onEvent(event, callback));
    // What was found since the start.
    this.#onFound();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.#callback = undefined;
    await this.source[Symbol.asyncDispose]();
    await this.#runner[Symbol.asyncDispose]();
    await this.#queue;
  }

  async #onEvent(event: ConfigEvent, callback: (event: ConfigEvent) => Promise<void>): Promise<void> {
    if (event.kind === 'refused') return this.#enqueue(() => callback(event));
    await this.#settle(event.config);
    await this.#enqueue(() => this.#tell(this.#joined()));
  }

  #onFound(): void {
    if (this.#isDue || this.#isSettling) return;
    this.#isDue = true;
    void this.#enqueue(async () => {
      this.#isDue = false;
      if (this.#isSettling) return;
      const config = this.#joined();
      if (!isDeepStrictEqual(config, this.#config)) await this.#tell(config);
    }).catch((err: Error) => {
      this.#logger.error(
        { event: 'change_not_told', err },
        `what was found can't be told: ${err.message}; the next change is told again`,
      );
    });
  }

  async #settle(config: NodeConfig): Promise<void> {
    this.#isSettling = true;
    try {
      this.#runner.set(config);
      await this.#runner.settled(FIRST_ANSWERS_MS, this.#end.signal);
    } finally {
      this.#isSettling = false;
    }
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  async #tell(config: NodeConfig): Promise<void> {
    if (this.#callback === undefined) return;
    this.#config = config;
    await this.#callback({ kind: 'changed', config });
  }

  #joined(): NodeConfig {
    const { config, skipped } = withDiscovery(this.source.config, this.#runner.found());
    for (const line of skipped) {
      if (!this.#skipped.includes(line))
        this.#logger.warn({ event: 'discovered_not_used' }, `found and not used: ${line}`);
    }
    this.#skipped = skipped;
    return config;
  }
}
