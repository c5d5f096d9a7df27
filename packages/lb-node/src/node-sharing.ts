import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { NodeConfig, StateConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import type { Dataplane } from '@weir/dataplane';
import { type FlowReplication, openReplication, ownerNumber } from '@weir/state-sync';
import { clusterSecret } from './cluster-secret.js';
import { DatagramLookups } from './datagram-lookups.js';
import { timeoutsOf } from './forwarding-tables.js';
import { beginPorts } from './node-ports.js';
import { openStore } from './open-store.js';
import { nodeNameOf, OtherNodesPresence } from './other-nodes-presence.js';
import { recordLifetimeMs } from './record-lifetime.js';
import { ServedPools } from './served-pools.js';
import { SharedFlows } from './shared-flows.js';
import type { SharingReport } from './sharing-report.js';
import type { SharingMoment } from './sharing-tables.js';

/** What sharing works with. */
export interface NodeSharingParts {
  readonly dataplane: Dataplane;
  /** The flow table of a former process was taken over. */
  readonly isSameLife: boolean;
  readonly logger: Logger;
  /** In ms, of a clock that is never set back. */
  readonly now: () => number;
  /** {@link NodeSharing.moment} or {@link NodeSharing.absentNodes} would answer otherwise than before. */
  readonly onChange: () => void;
}

/** What a node shares with others through a store, as its other parts see it. */
export interface NodeSharing extends AsyncDisposable {
  /** What tables should say now. */
  moment(): SharingMoment;
  /** Addresses of nodes that were there and are not. */
  absentNodes(): ReadonlySet<string>;
  /** Puts another configuration in force, whose `state` is the same. */
  reconfigure(config: NodeConfig): void;
  report(): SharingReport;
  /** A few words for people. */
  status(): string;
}

/**
 * Begins to share flows. Waits for nobody but, where there are local addresses, half a second for the store.
 * @throws {ConfigError | StateSyncError} a file that `state` names can't be read, or its values contradict each other
 */
export async function openSharing(
  initial: NodeConfig,
  state: StateConfig,
  { dataplane, isSameLife, logger, now, onChange }: NodeSharingParts,
): Promise<NodeSharing> {
  let config = initial;
  const store = await openStore(state, logger);
  const nodeName = nodeNameOf(config);
  const replication = await openReplication({
    store,
    nodeName,
    secret: clusterSecret(config.dataplane.hashSeed),
    timeouts: timeoutsOf(config),
    queueMax: state.queue,
    batchDelayMs: state.batchDelayMs,
    log: (level, message, details) => logger[level](details, message),
  });
  const pools = new ServedPools(config, { store, lifetimeMs: () => recordLifetimeMs(config), now });
  replication.onReturn(() => pools.renew());
  const datagrams = new DatagramLookups(now(), () => config.dataplane.timeouts.udpMs);
  const presence = new OtherNodesPresence(config, {
    store,
    nodeName,
    logger,
    onChange() {
      datagrams.nodesChanged(now());
      onChange();
    },
  });
  const flows = new SharedFlows(config, {
    sharing: dataplane.sharing,
    replication,
    owner: ownerNumber(nodeName),
    onServed: (images) => pools.serve(images),
    logger,
    now,
    pause: (ms, signal) => wait(ms, undefined, { signal }).catch(() => {}),
  });
  const ports = await beginPorts(config, { store, nodeName, pools, isSameLife, onChange, now });
  const stop = new AbortController();
  const asking = ports?.run(stop.signal);
  return {
    moment: () => ({ localPorts: ports?.localPorts, datagrams: datagrams.leftMs(now()) > 0 }),
    absentNodes: () => presence.absent(),
    reconfigure(next) {
      if (!isDeepStrictEqual(config.nodes, next.nodes)) datagrams.nodesChanged(now());
      if (!isDeepStrictEqual(config.dataplane.timeouts, next.dataplane.timeouts)) {
        replication.useTimeouts(timeoutsOf(next));
        // With longer ones, records would be over before they are refreshed.
        flows.tellAgain();
      }
      config = next;
      pools.use(next);
      presence.use(next);
      flows.reconfigure(next);
    },
    report: () => ({ ...flows.counts(), store: { kind: state.store, ...replication.status() } }),
    status: () => statusOf(state.store, replication),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all([asking, presence[Symbol.asyncDispose](), flows[Symbol.asyncDispose]()]);
      await replication[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

function statusOf(kind: StateConfig['store'], replication: FlowReplication): string {
  const { told, takenOver, lastError = 'not connected yet' } = replication.status();
  if (!replication.isAvailable) return `flows are not shared, ${kind}: ${lastError}`;
  return `${told} flows told to ${kind}, ${takenOver} taken over`;
}
