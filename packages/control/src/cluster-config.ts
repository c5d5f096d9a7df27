import type { Endpoint } from './endpoint-schema.js';
import type { TlsConfig } from './state-config.js';

/** The section `etcd`: where what all nodes of a cluster share comes from. Absent: weir.yaml alone says what is. */
export interface EtcdConfig {
  /** The Weir cluster; keys begin with `/weir/v1/CLUSTER/`. */
  readonly cluster: string;
  readonly endpoints: readonly Endpoint[];
  readonly username?: string;
  readonly password?: string;
  /** Absolute path; the first line is the password. */
  readonly passwordFile?: string;
  /** Absent: plain text. */
  readonly tls?: TlsConfig;
  /** Where the last good state is kept; absolute path of a file. */
  readonly snapshotFile: string;
  /** Of the node's lease. */
  readonly leaseMs: number;
  /** Of a connection attempt and a request. */
  readonly timeoutMs: number;
}

/** What a node says of itself under its lease, at `/weir/v1/CLUSTER/nodes/NAME`. */
export interface NodeRecord {
  readonly name: string;
  /** Random, of this life of the daemon: two nodes with one name are told apart by it. */
  readonly instance: string;
  readonly state: 'filling' | 'active' | 'draining';
  readonly version: string;
  readonly addresses: readonly string[];
  /** Prefixes that it announces at the moment. */
  readonly announces: readonly string[];
  /** Absent: a version that says nothing of it; rollouts then wait. */
  readonly condition?: NodeCondition;
}

/** What a node says of itself so that rollouts can tell whether the cluster is whole, and whether a step did harm. */
export interface NodeCondition {
  /** BGP sessions, or those of VRRP where it takes their place; 0 of 0 where nothing is announced. */
  readonly sessions: { readonly up: number; readonly configured: number };
  /** Digest of what is in force; the same on all nodes of a whole cluster. */
  readonly tables: string;
  /** Of flows to the shared store: `none` where there is none, `behind` while some wait or it does not answer. */
  readonly replication: 'none' | 'current' | 'behind';
  /** Connections that it remembers and that are active; what a drain waits for. */
  readonly connections: number;
  /** Forwarded since this instance began; only grows. */
  readonly packets: number;
  /** Dropped since this instance began for reasons that mean trouble; only grows. */
  readonly errors: number;
  /** Backends of all services. */
  readonly backends: { readonly usable: number; readonly all: number };
  /** By `SERVICE/BACKEND`: those that rollouts ask for ({@link RolloutDriver.followedBackends}) and that it knows. */
  readonly followed?: Readonly<Record<string, FollowedBackend>>;
  /** `ROLLOUT/STEP`: the `step` of its `node-states` entry, once that entry is in force. */
  readonly rolloutStep?: string;
}

/** A backend that a rollout adds or takes away, as one node sees it. */
export interface FollowedBackend {
  readonly usable: boolean;
  /** Connections to it that this node remembers and that are active; absent: of this service nobody remembers them. */
  readonly connections?: number;
}

/** How the cluster's store is at the moment, for status, logs and metrics. */
export interface ClusterStatus {
  /** `snapshot`: etcd has not answered since the start, and what is in force was read from disk. */
  readonly source: 'etcd' | 'snapshot' | 'nothing';
  readonly connected: boolean;
  /** Revision that is in force. */
  readonly revision: string;
  /** Absent: all is well. */
  readonly lastError?: string;
  /** Keys that were skipped, and why. */
  readonly skipped: ReadonlyMap<string, string>;
}
