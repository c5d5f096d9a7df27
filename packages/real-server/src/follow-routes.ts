import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/** Changes come in bursts: a daemon that learns routes, an interface that goes down. */
const SETTLE_MS = 100;

/**
 * Calls back after routes, links or addresses have changed, until aborted; the kernel is asked by `ip monitor`. One call at a time,
 * and a change during a call leads to another.
 *
 * @param onFailure  hears what the callback threw, and that the monitor has ended by itself
 */
export async function followRoutes(
  onChange: () => Promise<void>,
  onFailure: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  // A monitor that outlived a killed agent would hold the network namespace.
  const command = ['--pdeathsig', 'KILL', 'ip', 'monitor', 'link', 'address', 'route', 'nexthop'];
  const monitor = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(monitor, 'close').catch(onFailure);
  const stop = () => monitor.kill();
  signal.addEventListener('abort', stop);
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
  createInterface({ input: monitor.stdout }).on('line', () => {
    isDue = true;
    running ??= settle();
  });
  if (signal.aborted) stop();
  await ended;
  signal.removeEventListener('abort', stop);
  await running;
  if (!signal.aborted) onFailure(new Error('ip monitor has ended; changes of routes are not followed any more'));
}
