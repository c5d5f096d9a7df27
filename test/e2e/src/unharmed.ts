import type { CheckedConnections, LostConnection } from '@weir/lab';
import type { ExecutionContext } from 'ava';
import type { SharingCluster } from './sharing-cluster.js';

/** Within it a route by a dead node is gone, and TCP has tried again: it waits twice as long each time. */
const TAKEOVER_TIMEOUT_MS = 30_000;

/** All that moves data through a cluster: what one of them says, and what all say together. */
export async function reportOf(all: readonly CheckedConnections[]) {
  const reports = await Promise.all(all.map((connections) => connections.report()));
  return {
    alive: reports.reduce((sum, { alive }) => sum + alive, 0),
    lost: all.flatMap(({ lost }) => lost),
    mismatches: reports.reduce((sum, { mismatches }) => sum + mismatches, 0),
    pausesMs: reports.map(({ pausesMs }) => pausesMs),
  };
}

/**
 * A backend did not know the connection. The kernel tells of a reset once: who writes then gets it, and who reads sees an end;
 * servers of checked connections end none.
 */
export function isReset({ lost }: LostConnection): boolean {
  return /ECONNRESET|EPIPE|ended by the server/.test(lost);
}

/** That none was lost and no byte was wrong at either end, and how long they paused. */
export async function assertUnharmed(
  t: ExecutionContext,
  sharing: SharingCluster,
  {
    all,
    count,
    event,
  }: { readonly all: readonly CheckedConnections[]; readonly count: number; readonly event: string },
): Promise<void> {
  const { pausesMs, ...found } = await reportOf(all);
  t.log(`${event}: longest pauses in ms ${JSON.stringify(pausesMs)}`);
  t.deepEqual(
    { ...found, atServers: sharing.mismatches },
    { alive: count, lost: [], mismatches: 0, atServers: [] },
    event,
  );
}

/**
 * Resolves when each connection has moved data both ways after this moment.
 *
 * @throws LabError `LAB_DEADLINE_PASSED` when one stands still; the log has what the nodes have counted
 */
export async function goOn(
  t: ExecutionContext,
  { weir }: SharingCluster,
  all: readonly CheckedConnections[],
): Promise<void> {
  try {
    await Promise.all(all.map((connections) => connections.roundTrip({ timeoutMs: TAKEOVER_TIMEOUT_MS })));
  } catch (error) {
    for (const node of weir.nodes) {
      if (node.process.end === undefined)
        t.log(`${node.host.name} has counted ${JSON.stringify(await node.counters())}`);
    }
    throw error;
  }
}
