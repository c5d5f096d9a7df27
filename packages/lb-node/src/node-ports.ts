import { setTimeout as wait } from 'node:timers/promises';
import type { NodeConfig } from '@weir/control';
import type { FlowStore } from '@weir/state-sync';
import { PortLives } from './port-lives.js';
import { PortParts } from './port-parts.js';
import { recordLifetimeMs } from './record-lifetime.js';
import type { ServedPools } from './served-pools.js';

/** How long the first tables wait for the store, which says which part of the ports is free. */
const STORE_WAIT_MS = 500;

/** What the ports of a node depend on. */
export interface NodePortsOptions {
  readonly store: FlowStore;
  readonly nodeName: string;
  readonly pools: Pick<ServedPools, 'ownServedByOthers'>;
  /** The flow table of the former process was taken over: its flows are here, and no other node has them. */
  readonly isSameLife: boolean;
  readonly onChange: () => void;
  readonly now: () => number;
}

/**
 * Begins to find out which local ports this node may use; resolves when the first tables can be made. Undefined: this node
 * has no local addresses.
 */
export async function beginPorts(config: NodeConfig, options: NodePortsOptions): Promise<PortParts | undefined> {
  if (config.node.localAddresses.length === 0) return undefined;
  const { store, nodeName, isSameLife, pools, onChange, now } = options;
  const lives = new PortLives({ store, nodeName, isSameLife });
  const parts = new PortParts({
    lifeNumber: () => lives.number(),
    foreignFlowsLeft: () => pools.ownServedByOthers(),
    settleMs: isSameLife ? 0 : recordLifetimeMs(config),
    onChange,
    now,
  });
  await isThere(store);
  await parts.begin();
  return parts;
}

/** Resolves when the store is available, or has not become so in time. */
async function isThere(store: FlowStore): Promise<void> {
  if (store.isAvailable) return;
  const seen = new AbortController();
  const off = store.onAvailability((isAvailable) => isAvailable && seen.abort());
  await wait(STORE_WAIT_MS, undefined, { signal: seen.signal }).catch(() => {});
  off();
}
