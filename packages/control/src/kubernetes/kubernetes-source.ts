import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Bursts } from '../cluster/bursts.js';
import type { ClusterLog } from '../cluster/cluster-log.js';
import type { ClusterConfigSource } from '../cluster/config-source.js';
import { EntryCache } from '../cluster/entry-cache.js';
import { SnapshotKeeper } from '../cluster/snapshot-keeper.js';
import { WrappingSource } from '../cluster/wrapping-source.js';
import type { NodeConfig } from '../node-config.js';
import type { ConfigEvent } from '../watch-node-config.js';
import { AddressWriter } from './address-writer.js';
import { apiTroubleText, connectApi } from './api-connection.js';
import { ClusterView } from './cluster-view.js';
import type { KubernetesConfig } from './kubernetes-config.js';
import { type KubernetesKeys, kubernetesKeys, mergeKubernetes } from './kubernetes-services.js';
import { LeaseHolder } from './lease-holder.js';
import { ProblemReport } from './problem-report.js';
import type { ServiceProblem } from './service-problem.js';

/** So long a start waits for the API server; then what is on disk is in force. */
const FIRST_ANSWERS_MS = 3000;

/**
 * The configurations of a source, with the Services of the Kubernetes cluster that its section `kubernetes` names; without
 * that section the source itself. Owns the source.
 * @throws {ConfigError} the section leads to no API server; never for one that is away
 */
export async function withKubernetes(source: ClusterConfigSource, logger: ClusterLog): Promise<ClusterConfigSource> {
  const { kubernetes } = source.config;
  if (kubernetes === undefined) return source;
  try {
    return await KubernetesSource.open(source, kubernetes, logger);
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

class KubernetesSource extends WrappingSource {
  readonly #logger: ClusterLog;
  readonly #started: KubernetesConfig;
  readonly #view: ClusterView;
  readonly #writer: AddressWriter;
  readonly #lease: LeaseHolder;
  readonly #snapshot: SnapshotKeeper;
  readonly #report: ProblemReport;
  readonly #cache = new EntryCache();
  readonly #bursts = new Bursts(
    () => this.#enqueue(() => this.#tellFound()),
    (err) =>
      this.#logger.error(
        { event: 'change_not_told', err },
        `what the API server said can't be told: ${err.message}; what is in force stays`,
      ),
  );
  #keys: KubernetesKeys = { keys: new Map(), lastGood: new Map(), owners: new Map(), problems: [] };
  /** Texts of the keys that are in force. */
  #good: ReadonlyMap<string, string> = new Map();
  #problems: readonly ServiceProblem[] = [];
  #config: NodeConfig;
  /** What the callback was told last, and took. */
  #told: NodeConfig | undefined;
  #document: ClusterConfigSource['document'];
  #callback: ((event: ConfigEvent) => Promise<void>) | undefined;
  /** Callbacks run one at a time. */
  #queue: Promise<void> = Promise.resolve();

  private constructor(source: ClusterConfigSource, kubernetes: KubernetesConfig, logger: ClusterLog) {
    super(source);
    this.#logger = logger;
    this.#started = kubernetes;
    this.#config = source.config;
    this.#document = source.document;
    this.#report = new ProblemReport(logger);
    const api = connectApi(kubernetes);
    const { name } = source.config.node;
    const instance = `${name}_${randomUUID()}`;
    const place = { snapshotFile: kubernetes.snapshotFile, cluster: api.server };
    this.#snapshot = new SnapshotKeeper(place, logger, 'the API server');
    this.#view = new ClusterView({ config: kubernetes, api, logger, onChange: () => this.#onFound() });
    this.#writer = new AddressWriter({
      api,
      view: this.#view,
      logger,
      instance: name,
      pools: () => this.#kubernetes.pools,
      foreign: () => foreignAddresses(this.source.config),
      problems: () => this.#problems,
    });
    let trouble = '';
    this.#lease = new LeaseHolder({
      coordination: api.coordination,
      name: kubernetes.lease.name,
      namespace: kubernetes.lease.namespace ?? api.namespace,
      identity: instance,
      durationMs: kubernetes.lease.durationMs,
      onHeld: (signal) => {
        trouble = '';
        logger.info({ event: 'kubernetes_writer' }, 'this node assigns the addresses of Services');
        this.#writer.begin(signal);
      },
      onTrouble: (error) => {
        const text = apiTroubleText(error);
        if (text !== trouble)
          logger.warn(
            { event: 'kubernetes_lease_trouble' },
            `Lease ${kubernetes.lease.name}: the API server at ${api.server} ${text}`,
          );
        trouble = text;
      },
    });
  }

  static async open(
    source: ClusterConfigSource,
    kubernetes: KubernetesConfig,
    logger: ClusterLog,
  ): Promise<KubernetesSource> {
    const opened = new KubernetesSource(source, kubernetes, logger);
    await opened.#start();
    return opened;
  }

  override get config(): NodeConfig {
    return this.#config;
  }

  override get document(): ClusterConfigSource['document'] {
    return this.#document;
  }

  override follow(callback: (event: ConfigEvent) => Promise<void>): void {
    this.#callback = callback;
    this.#told = this.#config;
    this.source.follow((event) => this.#enqueue(() => this.#onEvent(event, callback)));
    // What was found since the start.
    this.#onFound();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#callback = undefined;
    await this.source[Symbol.asyncDispose]();
    await this.#writer[Symbol.asyncDispose]();
    await this.#lease[Symbol.asyncDispose]();
    await this.#view[Symbol.asyncDispose]();
    await this.#bursts[Symbol.asyncDispose]();
    await this.#queue;
    await this.#snapshot[Symbol.asyncDispose]();
  }

  /** Pools and defaults may change while the node runs. */
  get #kubernetes(): KubernetesConfig {
    return this.source.config.kubernetes ?? this.#started;
  }

  async #start(): Promise<void> {
    const late = new AbortController();
    await Promise.race([
      this.#view.firstRound,
      delay(FIRST_ANSWERS_MS, undefined, { signal: late.signal }).catch(() => {}),
    ]);
    late.abort();
    const snapshot = await this.#snapshot.read();
    if (snapshot !== undefined) this.#good = snapshot.good;
    if (!this.#view.isWhole && snapshot !== undefined) {
      this.#keys = { ...this.#keys, keys: snapshot.keys, lastGood: snapshot.good };
      const { snapshotFile: file } = this.#started;
      this.#logger.warn(
        { event: 'started_from_kubernetes_snapshot', file },
        `the API server does not answer; its last Services are in force, from ${file}`,
      );
    }
    this.#merge();
  }

  #onFound(): void {
    this.#bursts.push();
  }

  async #onEvent(event: ConfigEvent, callback: (event: ConfigEvent) => Promise<void>): Promise<void> {
    if (event.kind === 'refused') return callback(event);
    this.#merge();
    try {
      await this.#tell(callback);
    } finally {
      this.#writer.look();
    }
  }

  async #tellFound(): Promise<void> {
    this.#merge();
    try {
      if (this.#callback !== undefined && !isDeepStrictEqual(this.#told, this.#config))
        await this.#tell(this.#callback);
    } finally {
      this.#writer.look();
    }
  }

  /** What was refused is told again with the next change, even where that undoes nothing of it. */
  async #tell(callback: (event: ConfigEvent) => Promise<void>): Promise<void> {
    const config = this.#config;
    await callback({ kind: 'changed', config });
    this.#told = config;
  }

  #merge(): void {
    const { config, document } = this.source;
    if (this.#view.isWhole) {
      const found = { services: this.#view.services(), slices: this.#view.slices() };
      this.#keys = kubernetesKeys(found, this.#kubernetes, foreignAddresses(config), this.#good);
    }
    const merged = mergeKubernetes(document, this.#keys, this.#cache);
    this.#good = merged.good;
    this.#document = merged.document;
    this.#config =
      config.rollout === undefined ? merged.config : Object.freeze({ ...merged.config, rollout: config.rollout });
    this.#problems = [...this.#keys.problems, ...merged.problems];
    this.#report.tell(this.#problems);
    if (this.#view.isWhole) this.#snapshot.keep({ keys: this.#keys.keys, revision: '0', good: merged.good });
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }
}

/** Addresses that the rest of the configuration has, and for what. */
function foreignAddresses({ services, node, nodes, bgp }: NodeConfig): ReadonlyMap<string, string> {
  const named = (addresses: readonly (string | undefined)[], whose: string) =>
    addresses.flatMap((address): [string, string][] => (address === undefined ? [] : [[address, whose]]));
  return new Map([
    ...named(bgp?.peers.map(({ address }) => address) ?? [], 'a router, in bgp.peers'),
    ...(nodes?.members ?? []).flatMap(({ name, address, localAddresses }) =>
      named([address, ...localAddresses], `node ${name}, in nodes.members`),
    ),
    ...named([node.address, node.address6, ...node.localAddresses], 'this node, in node'),
    ...services.flatMap(({ name, listeners, backends }) => [
      // Fallbacks are among them.
      ...named(
        backends.map(({ address }) => address),
        `a backend of service ${name} in weir.yaml or etcd`,
      ),
      ...named(
        listeners.map(({ vip }) => vip),
        `service ${name} in weir.yaml or etcd`,
      ),
    ]),
  ]);
}
