import { isDeepStrictEqual } from 'node:util';
import type { EntryCache } from '../cluster/entry-cache.js';
import type { MergedCluster } from '../cluster/merge-cluster.js';
import type { EtcdConnection } from '../etcd/etcd-connection.js';
import { troubleText } from '../etcd/etcd-trouble.js';
import type { NodeConfig } from '../node-config.js';
import type { WrittenNode } from '../parse-node-config.js';
import type { BackendInput, ServiceInput } from '../service-schema.js';
import { ChangeError, conflict } from './change-error.js';
import { checkClusterChange } from './check-cluster-change.js';
import { ClusterEntries, type PlannedWrite } from './cluster-entries.js';
import type {
  Changed,
  ChangeOptions,
  ConfigChanges,
  Edit,
  TimeoutsInput,
  WantedState,
  WrittenBackend,
  WrittenService,
} from './config-changes.js';
import { toldWithin } from './entry-problems.js';
import { newestRevision, writeToCluster } from './etcd-transaction.js';
import { Listeners } from './listeners.js';

/** So often a change is planned anew because something else was changed meanwhile. */
const ATTEMPTS_MAX = 10;

/** What is known of a cluster, by whoever follows it. */
export interface ClusterHost {
  /** What every key begins with. */
  readonly prefix: string;
  readonly file: WrittenNode;
  readonly keys: ReadonlyMap<string, string>;
  readonly revisions: ReadonlyMap<string, string>;
  readonly revision: string;
  readonly connection: EtcdConnection | undefined;
  /** Why there is no connection. */
  readonly trouble: string | undefined;
  readonly merged: MergedCluster;
  readonly cache: EntryCache;
  /** What the file and those keys would come to. */
  merge(keys: ReadonlyMap<string, string>): MergedCluster;
  /** Whether the node itself could put it in force. @throws {ConfigError} it could not */
  check(next: NodeConfig): Promise<void>;
  /** Resolves when the keys are those of that revision or newer ones; to false when that takes too long. */
  seen(revision: string): Promise<boolean>;
  /** Resolves when those keys have been told to whoever puts them in force; to false when that takes too long. */
  told(revision: string, signal: AbortSignal | undefined): Promise<boolean>;
}

/** Changes of what the nodes of a cluster share: written to etcd, all of a change or nothing. */
export class EtcdChanges implements ConfigChanges {
  readonly #host: ClusterHost;
  readonly #entries: ClusterEntries;
  readonly listeners = new Listeners();

  constructor(host: ClusterHost) {
    this.#host = host;
    this.#entries = new ClusterEntries(host);
  }

  services(): readonly WrittenService[] {
    return this.#entries.services();
  }

  backends(): readonly WrittenBackend[] {
    return this.#entries.backends();
  }

  nodeStates(): ReadonlyMap<string, WantedState> {
    return this.#entries.nodeStates();
  }

  changeService(name: string, edit: Edit<ServiceInput>, options: ChangeOptions = {}): Promise<Changed<ServiceInput>> {
    return this.#change(() => this.#entries.planService(name, edit), options);
  }

  changeBackend(
    service: string,
    backend: string,
    edit: Edit<BackendInput>,
    options: ChangeOptions = {},
  ): Promise<Changed<BackendInput>> {
    return this.#change(() => this.#entries.planBackend(service, backend, edit), options);
  }

  setNodeState(node: string, state: WantedState, options: ChangeOptions = {}): Promise<Changed<WantedState>> {
    return this.#change(() => this.#entries.planNodeState(node, state), options);
  }

  setTimeouts(timeouts: TimeoutsInput, options: ChangeOptions = {}): Promise<Changed<TimeoutsInput>> {
    return this.#change(() => this.#entries.planTimeouts(timeouts), options);
  }

  onChange(callback: () => void): Disposable {
    return this.listeners.add(callback);
  }

  async #change<T>(plan: () => PlannedWrite<T>, options: ChangeOptions): Promise<Changed<T>> {
    // What was written through another node a moment ago is known to whoever asks now.
    await this.#see(await this.#ask((client) => newestRevision(client, this.#host.prefix)));
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const changed = await this.#attempt(plan(), options);
      if (changed !== undefined) return changed;
    }
    const message = `others change the cluster all the time, ${ATTEMPTS_MAX} attempts came too late; try again`;
    throw new ChangeError('CHANGE_CONFLICT', message);
  }

  /** @returns undefined: something was newer, which is known now */
  async #attempt<T>(
    planned: PlannedWrite<T>,
    { expectedRevision, isDryRun = false, signal }: ChangeOptions,
  ): Promise<Changed<T> | undefined> {
    const host = this.#host;
    const { revision: seenRevision } = host;
    const { key, before, after, revision, texts } = planned;
    if (expectedRevision !== undefined && expectedRevision !== revision) {
      throw conflict(key, expectedRevision, revision);
    }
    const written = { before, after, origin: 'etcd' as const };
    const isSame = isDeepStrictEqual(before, after);
    const revisions = new Map([...texts.keys()].map((name) => [name, host.revisions.get(name) ?? '0']));
    if (!isSame) await this.#check(planned);
    if (isDryRun || isSame) return { ...written, revision, isInForce: isSame && this.#isInForce(key) };
    const outcome = await this.#ask((client) =>
      writeToCluster(client, { prefix: host.prefix, texts, revisions, seenRevision }),
    );
    if (outcome.kind === 'newer') {
      await this.#see(outcome.newestRevision);
      return undefined;
    }
    const isTold = await host.told(outcome.revision, signal);
    const isGone = texts.get(key) === undefined;
    return {
      ...written,
      revision: isGone ? '0' : outcome.revision,
      isInForce: isTold && (isGone || this.#isInForce(key)),
    };
  }

  async #see(revision: string): Promise<void> {
    if (!(await this.#host.seen(revision))) throw noEtcd(`what is new in etcd, revision ${revision}, does not arrive`);
  }

  async #check<T>({ key, texts, within }: PlannedWrite<T>): Promise<void> {
    const { keys, merged } = this.#host;
    const changed = new Map(keys);
    for (const [name, text] of texts) {
      if (text === undefined) changed.delete(name);
      else changed.set(name, text);
    }
    const change = { key, text: texts.get(key), before: merged, after: () => this.#host.merge(changed) };
    const after = toldWithin(within, () => checkClusterChange(change));
    await this.#host.check(after.config);
  }

  #isInForce(key: string): boolean {
    const { skipped, waiting } = this.#host.merged;
    return !skipped.has(key) && !waiting.has(key);
  }

  async #ask<T>(question: (client: EtcdConnection['client']) => Promise<T>): Promise<T> {
    const { connection, trouble } = this.#host;
    if (connection === undefined) throw noEtcd(trouble ?? 'no member of etcd has answered yet');
    try {
      return await question(connection.client);
    } catch (cause) {
      throw noEtcd(`etcd at ${connection.endpoint} ${troubleText(cause as Error)}`, cause);
    }
  }
}

function noEtcd(why: string, cause?: unknown): ChangeError {
  return new ChangeError('CHANGE_NO_ETCD', `${why}; it is not known to be changed`, { cause });
}
