import type { ConfigChanges } from '../change/config-changes.js';
import type { ClusterStatus, NodeRecord } from '../cluster-config.js';
import type { ConfigError } from '../config-error.js';
import type { NodeConfig } from '../node-config.js';
import type { NodeDocument } from '../node-schema.js';
import type { ConfigEvent, ConfigSource } from '../watch-node-config.js';
import type { ClusterLog } from './cluster-log.js';

/** Why a changed weir.yaml can't take the place of the one in force. Undefined: it can. */
export type Refusal = (current: NodeConfig, next: NodeConfig) => ConfigError | undefined;

export interface ConfigSourceOptions {
  readonly logger: ClusterLog;
  /**
   * Asked of weir.yaml without what is in etcd: changes through the API, and the keys of etcd, then go on to be merged with
   * the file before, where they would be refused with the new one.
   */
  readonly refusal?: Refusal;
  /**
   * Asked of what a change through this node comes to, before it is written, and without `etcd` of a changed weir.yaml:
   * whether the node could put it in force.
   * @throws {ConfigError} it could not
   */
  readonly check?: (next: NodeConfig) => Promise<void>;
}

/** weir.yaml and, where it has a section `etcd`, what the nodes of the cluster share. */
export interface ClusterConfigSource extends ConfigSource {
  /** What is to be in force: of the start, and after it the newest that was told. */
  readonly config: NodeConfig;
  /** What is to be in force, as one checked document; at the newest when {@link follow} calls back. */
  readonly document: NodeDocument;
  /** What stands in it, and how it is changed. */
  readonly changes: ConfigChanges;
  /** Why weir.yaml as it stands now, or what was told last, is not in force; undefined: it is. */
  readonly refused: string | undefined;
  /**
   * Tells what changes from now on, in order, one at a time; while a callback runs, only the newest state is kept. Once.
   * @param callback  what it throws says why a configuration is not in force: whoever made the change is told
   */
  follow(callback: (event: ConfigEvent) => Promise<void>): void;
  status(): ClusterStatus;
  /**
   * Tells the others of this node, from now on until the registration is disposed of. Without etcd nobody is told.
   * @param record  what is to be told, asked whenever it is written
   */
  register(record: () => NodeRecord): NodeRegistration;
  /** Those that are registered, by name; this one among them. */
  nodes(): readonly NodeRecord[];
}

/** This node's entry among the nodes; goes when it is disposed of. */
export interface NodeRegistration extends AsyncDisposable {
  /** The record has changed: it is written at once. */
  refresh(): void;
}
