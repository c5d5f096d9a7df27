import { setTimeout as delay } from 'node:timers/promises';
import { followIpMonitor } from '@weir/daemon';

/** Changes come in bursts: a daemon that learns routes, an interface that goes down. */
const SETTLE_MS = 100;

/**
 * Calls back after routes, links or addresses have changed, until aborted; the kernel is asked by `ip monitor`. The first call
 * comes once the kernel tells of changes: what changed between the caller's own look and then is not missed. One call at a
 * time, and a change during a call leads to another.
 *
 * @param onFailure  hears what the callback threw, and that the monitor has ended by itself
 */
export async function followRoutes(
  onChange: () => Promise<void>,
  onFailure: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  let isDue = false;
  let running: Promise<void> | undefined;
  const settle = async () => {
    while (isDue && !signal.aborted) {
      await delay(SETTLE_MS);
      isDue = false;
      await onChange().catch(onFailure);
    }
    running = undefined;
  };
  const changed = () => {
    isDue = true;
    running ??= settle();
  };
  const listener = { onSubscribed: changed, onLine: changed };
  await followIpMonitor(['link', 'address', 'route', 'nexthop'], listener, signal).catch(onFailure);
  await running;
  if (!signal.aborted) onFailure(new Error('ip monitor has ended; changes of routes are not followed any more'));
}
