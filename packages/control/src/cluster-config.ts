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
