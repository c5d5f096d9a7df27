import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@weir/daemon';
import { openConnections } from './open-connections.js';

/** Nodes have learnt by then that no new connections are wanted here. */
const LEARNT_MS = 1000;
const LOOK_MS = 500;

export interface DrainOptions {
  /** At most. */
  readonly drainMs: number;
  /** Absent: what is served has no connections that could be seen; it takes the whole time. */
  readonly drainPort?: number;
}

/** Resolves when no connection to the port is left, when the time is over, or when the signal aborts. */
export async function drainedConnections(
  { drainMs, drainPort }: DrainOptions,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + drainMs;
  const pause = (ms: number) =>
    delay(Math.max(0, Math.min(ms, end - performance.now())), undefined, { signal }).catch(() => {});
  await pause(drainPort === undefined ? drainMs : LEARNT_MS);
  if (drainPort === undefined) return;
  for (;;) {
    const connections = await openConnections(drainPort);
    if (connections === 0)
      return logger.info(
        { event: 'connections_drained', port: drainPort },
        `no connection to port ${drainPort} is left`,
      );
    if (signal.aborted || performance.now() >= end) {
      return logger.warn(
        { event: 'drain_time_over', connections },
        `${connections} connections to port ${drainPort} are left, and the time is over`,
      );
    }
    await pause(LOOK_MS);
  }
}
