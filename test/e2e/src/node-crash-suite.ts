import type { CheckedConnections, WeirClusterOptions } from '@weir/lab';
import type { ExecutionContext } from 'ava';
import { SharingCluster } from './sharing-cluster.js';
import { assertUnharmed, goOn } from './unharmed.js';

export interface NodeCrashOptions extends WeirClusterOptions {
  /** Where connections go, and how many to each. */
  readonly connections: readonly { readonly address: string; readonly count: number; readonly intervalMs?: number }[];
  /** Nodes that are killed, one after the other. */
  readonly crashes: readonly string[];
  /** Before connections are opened. */
  readonly prepare?: (sharing: SharingCluster) => Promise<void>;
  /** What an operator, or a program such as keepalived, does when a node is dead. */
  readonly onCrash?: (sharing: SharingCluster) => Promise<void>;
}

/** Connections that are shared go on when nodes are killed, one after the other: none is reset, and no byte is wrong. */
export async function surviveCrashes(t: ExecutionContext, options: NodeCrashOptions): Promise<void> {
  const { connections, crashes, prepare, onCrash } = options;
  await using sharing = await SharingCluster.start({ ...options, holdSeconds: 3 });
  await prepare?.(sharing);
  const open: CheckedConnections[] = [];
  for (const each of connections) open.push(await sharing.open(each));
  const count = connections.reduce((sum, each) => sum + each.count, 0);
  await assertUnharmed(t, sharing, { all: open, count, event: 'all were opened' });
  await sharing.waitForShared(count);
  for (const name of crashes) {
    await sharing.weir.lab.host(name).crash();
    await onCrash?.(sharing);
    await goOn(t, sharing, open);
    await assertUnharmed(t, sharing, { all: open, count, event: `${name} was killed` });
  }
}
