import type { ClusterStatus } from '@weir/control';
import type { NodeFigures } from './node-figures.js';

/** Figures of a node, and of what the daemon around it knows. */
export interface DaemonFigures {
  readonly node: NodeFigures;
  /** Absent where the configuration has no `etcd`. */
  readonly etcd: ClusterStatus | undefined;
}
