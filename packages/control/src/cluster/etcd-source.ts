import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type ClusterHost, EtcdChanges } from '../change/etcd-changes.js';
import { Milestone } from '../change/milestone.js';
import type { ClusterStatus, EtcdConfig, NodeRecord } from '../cluster-config.js';
import type { EtcdConnection } from '../etcd/etcd-connection.js';
import { followRange } from '../etcd/follow-range.js';
import type { KeyEvent } from '../etcd/watch-stream.js';
import { followFile } from '../follow-file.js';
import type { NodeConfig } from '../node-config.js';
import type { NodeDocument } from '../node-schema.js';
import type { WrittenNode } from '../parse-node-config.js';
import type { ConfigEvent } from '../watch-node-config.js';
import { Bursts } from './bursts.js';
import { clusterPrefix } from './cluster-key.js';
import { ClusterStore } from './cluster-store.js';
import type { ClusterConfigSource, ConfigSourceOptions, NodeRegistration } from './config-source.js';
import { EntryCache } from './entry-cache.js';
import { FileDocument } from './file-document.js';
import { type MergedCluster, mergeCluster } from './merge-cluster.js';
import { nodeRecordsAfter } from './node-records.js';
import { LeasedRegistration } from './node-registration.js';
import { SkipReport } from './skip-report.js';
import { SnapshotKeeper } from './snapshot-keeper.js';

/** So long what etcd has may take to arrive here, or to be put in force, before somebody who waits for it is told. */
const ARRIVAL_MS = 5000;

interface SourceOptions extends ConfigSourceOptions {
  readonly path: string;
  readonly file: WrittenNode;
  readonly config: EtcdConfig;
}

/** weir.yaml and the keys of its cluster. */
export class EtcdSource implements ClusterConfigSource, ClusterHost {
  readonly prefix: string;
  readonly cache = new EntryCache();
  readonly changes = new EtcdChanges(this);
  readonly #options: SourceOptions;
  readonly #file: FileDocument;
  readonly #store: ClusterStore;
  readonly #snapshot: SnapshotKeeper;
  readonly #report: SkipReport;
  readonly #bursts = new Bursts(
    () => this.#work(),
    (err) =>
      this.#options.logger.error(
        { event: 'change_not_told', err },
        `a change can't be told: ${err.message}; what is in force stays`,
      ),
  );
  readonly #closed = new AbortController();
  readonly #registrations = new Set<LeasedRegistration>();
  #following: Promise<void> | undefined;
  #watchingFile: Disposable | undefined;
  #callback: ((event: ConfigEvent) => Promise<void>) | undefined;
  #isStarted = false;
  #fileWanted: 'no' | 'if-changed' | 'in-any-case' = 'no';
  #good: ReadonlyMap<string, string> = new Map();
  #merged: MergedCluster;
  /** What was told last; before that, what {@link config} said. */
  #told: NodeConfig;
  /** Why that is not in force. */
  #failed: string | undefined;
  /** Of the keys in {@link #told}, once it has been put in force. */
  readonly #toldRevision = new Milestone();
  readonly #seenRevision = new Milestone();

  private constructor(options: SourceOptions) {
    this.#options = options;
    const { path, file, config, logger, refusal } = options;
    this.prefix = clusterPrefix(config.cluster);
    this.#file = new FileDocument(path, file, refusal);
    this.#report = new SkipReport(logger);
    this.#snapshot = new SnapshotKeeper(config, logger);
    this.#store = new ClusterStore({
      config,
      logger,
      onChange: (events) => {
        this.#seenRevision.reach(this.#store.revision);
        // Until then, start() itself puts in force what is there.
        if (this.#isStarted && !this.#isOfNodesAlone(events)) this.#bursts.push();
      },
      onConnected: () => this.#eachRegistration((registration) => registration.refresh()),
      onGone: (key) => this.#gone(key),
    });
    this.#merged = this.#merge();
    this.#told = this.#merged.config;
  }

  /** Resolves when a member of etcd has answered or all have been asked; what is on disk is in force until then. */
  static async open(options: SourceOptions): Promise<EtcdSource> {
    const source = new EtcdSource(options);
    await source.#start();
    return source;
  }

  get config(): NodeConfig {
    return this.#told;
  }

  get document(): NodeDocument {
    return this.#merged.document;
  }

  get refused(): string | undefined {
    return this.#file.refused ?? this.#failed;
  }

  get file(): WrittenNode {
    return this.#file.file;
  }

  get keys(): ReadonlyMap<string, string> {
    return this.#store.keys;
  }

  get revisions(): ReadonlyMap<string, string> {
    return this.#store.revisions;
  }

  get revision(): string {
    return this.#store.revision;
  }

  get connection(): EtcdConnection | undefined {
    return this.#store.connection;
  }

  get trouble(): string | undefined {
    return this.#store.trouble;
  }

  get merged(): MergedCluster {
    return this.#merged;
  }

  async check(next: NodeConfig): Promise<void> {
    await this.#options.check?.(next);
  }

  seen(revision: string): Promise<boolean> {
    return this.#seenRevision.reached(revision, ARRIVAL_MS);
  }

  told(revision: string, signal?: AbortSignal): Promise<boolean> {
    return this.#toldRevision.reached(revision, ARRIVAL_MS, signal);
  }

  merge(keys: ReadonlyMap<string, string>): MergedCluster {
    return mergeCluster(this.#file.value, keys, this.#good, this.cache);
  }

  follow(callback: (event: ConfigEvent) => Promise<void>): void {
    this.#callback = callback;
    this.#watchingFile = followFile(resolve(this.#options.path), () => this.#lookAtFile('if-changed'));
    // It may have been changed since it was read.
    this.#lookAtFile('if-changed');
  }

  reload(): void {
    this.#lookAtFile('in-any-case');
  }

  status(): ClusterStatus {
    const { source, revision, connection, trouble } = this.#store;
    const lastError = trouble ?? this.#snapshot.trouble;
    return {
      source,
      connected: connection !== undefined,
      revision,
      ...(lastError === undefined ? {} : { lastError }),
      skipped: this.#report.skipped,
    };
  }

  register(record: () => NodeRecord): NodeRegistration {
    const { config, logger } = this.#options;
    const registrations = this.#registrations;
    const registration = new LeasedRegistration({
      config,
      logger,
      record,
      connection: () => this.#store.connection,
      onClosed: () => registrations.delete(registration),
    });
    registrations.add(registration);
    return registration;
  }

  nodes(): readonly NodeRecord[] {
    return this.#merged.nodes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#callback = undefined;
    this.#watchingFile?.[Symbol.dispose]();
    await Promise.all([...this.#registrations].map((registration) => registration[Symbol.asyncDispose]()));
    this.#closed.abort();
    await this.#following;
    await this.#bursts[Symbol.asyncDispose]();
    await this.#snapshot[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    const { config, logger } = this.#options;
    const snapshot = await this.#snapshot.read();
    if (snapshot !== undefined) {
      this.#store.restore(snapshot);
      this.#good = snapshot.good;
    }
    this.#following = followRange(config, this.prefix, this.#store, this.#closed.signal);
    await this.#store.firstRound;
    this.#isStarted = true;
    if (this.#store.source === 'snapshot') {
      const details = { file: config.snapshotFile, revision: this.#store.revision };
      logger.warn(
        { event: 'started_from_snapshot', ...details },
        `etcd does not answer; the last good state is in force, from ${config.snapshotFile}`,
      );
    }
    this.#put(this.#mergeOrStay());
    this.#told = this.#merged.config;
  }

  #lookAtFile(how: 'if-changed' | 'in-any-case'): void {
    if (this.#fileWanted !== 'in-any-case') this.#fileWanted = how;
    this.#bursts.push();
  }

  /** What is told is told whole before the next is looked at. */
  async #work(): Promise<void> {
    const fileWanted = this.#fileWanted;
    this.#fileWanted = 'no';
    const error = fileWanted === 'no' ? undefined : await this.#file.reload(fileWanted === 'in-any-case');
    if (error !== undefined) await this.#callback?.({ kind: 'refused', error });
    const { revision } = this.#store;
    this.#put(this.#mergeOrStay());
    await this.#tell(fileWanted === 'in-any-case' && error === undefined);
    this.#toldRevision.reach(revision);
  }

  async #tell(isAsked: boolean): Promise<void> {
    const { config } = this.#merged;
    if (this.#callback === undefined) return;
    if (!isAsked && isDeepStrictEqual(config, this.#told)) return;
    this.#told = config;
    try {
      await this.#callback({ kind: 'changed', config });
      this.#failed = undefined;
    } catch (error) {
      this.#failed = (error as Error).message;
      throw error;
    }
  }

  /** What is in etcd may be anything: a mistake of ours in reading it must not end every node at once. */
  #mergeOrStay(): MergedCluster {
    try {
      return this.#merge();
    } catch (err) {
      this.#options.logger.error(
        { event: 'etcd_state_unreadable', err },
        `what is in etcd can't be read: ${(err as Error).message}; what is in force stays`,
      );
      return this.#merged;
    }
  }

  #merge(): MergedCluster {
    return this.merge(this.#store.keys);
  }

  #put(merged: MergedCluster): void {
    this.#merged = merged;
    this.#good = merged.good;
    this.changes.listeners.tell();
    this.#report.tell(merged.skipped, merged.waiting, (key) => merged.good.has(key));
    const { keys, revision, source } = this.#store;
    if (source === 'etcd') this.#snapshot.keep({ keys, revision, good: merged.good });
  }

  /** Then it is done with: records of nodes are many, and configure nothing. */
  #isOfNodesAlone(events: readonly KeyEvent[] | undefined): boolean {
    if (events === undefined || events.some(({ key }) => this.#merged.skipped.has(key))) return false;
    const nodes = nodeRecordsAfter(this.#merged.nodes, events);
    if (nodes !== undefined) this.#merged = { ...this.#merged, nodes };
    return nodes !== undefined;
  }

  #gone(key: string): void {
    this.#eachRegistration((registration) => {
      if (key === registration.key) registration.keyGone();
    });
  }

  #eachRegistration(tell: (registration: LeasedRegistration) => void): void {
    for (const registration of this.#registrations) tell(registration);
  }
}
