import type { ClusterLog } from '../cluster/cluster-log.js';
import type { EtcdConfig } from '../cluster-config.js';

export interface RolloutDriverOptions {
  readonly config: EtcdConfig;
  /** Of this node; stands in the status of what it leads. */
  readonly name: string;
  readonly logger: ClusterLog;
  /** {@link RolloutDriver.rolling} or {@link RolloutDriver.followedBackends} is another than before. */
  onChange?(): void;
}

/**
 * A candidate that drives all rollouts of the cluster while it is the leader. Every node runs one. Nothing that goes wrong
 * in it or in etcd ends it or throws; disposing of it gives leadership up at once.
 */
export interface RolloutDriver extends AsyncDisposable {
  readonly isLeader: boolean;
  /** A rollout is under way: nodes then write their records about once a second, so that steps see what they do. */
  readonly rolling: boolean;
  /** `SERVICE/BACKEND`: what this node's record is to say under `condition.followed`. */
  readonly followedBackends: readonly string[];
}
