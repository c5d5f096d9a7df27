import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const PROBE_MS = 10;
const NETLINK_ROUTE = 0;

export interface IpMonitorListener {
  /** The kernel tells of every change from now on: whoever has read the state before reads it once more. */
  onSubscribed(): void;
  /** A line of what `ip monitor` prints. */
  onLine(line: string): void;
}

/**
 * Follows what the kernel tells of the network, by `ip monitor`, until aborted.
 *
 * @param objects  of ip-monitor(8): `link`, `address`, `route` and so on; `label` first puts their names before each line
 * @returns after the monitor has ended: by the signal, or by itself
 * @throws {Error} `setpriv` can't be run
 */
export async function followIpMonitor(
  objects: readonly string[],
  listener: IpMonitorListener,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  // A monitor that outlived a killed daemon would hold the network namespace.
  const command = ['--pdeathsig', 'KILL', 'ip', 'monitor', ...objects];
  const monitor = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'ignore'] });
  const stop = () => monitor.kill();
  signal.addEventListener('abort', stop);
  createInterface({ input: monitor.stdout }).on('line', (line) => listener.onLine(line));
  const ended = once(monitor, 'close');
  let isRunning = true;
  const subscribing = (async () => {
    while (isRunning && !(await hasSubscribed(monitor.pid))) await delay(PROBE_MS);
    if (isRunning && !signal.aborted) listener.onSubscribed();
  })();
  try {
    await ended;
  } finally {
    isRunning = false;
    signal.removeEventListener('abort', stop);
    await subscribing;
  }
}

/** Does a process hear of changes? `ip` gives its socket its own number as port (netlink(7)). */
async function hasSubscribed(pid: number | undefined): Promise<boolean> {
  // A process may be gone by now.
  const sockets = await readFile(`/proc/${pid}/net/netlink`, 'utf8').catch(() => '');
  return sockets.split('\n').some((line) => {
    const [, protocol, port, groups] = line.trim().split(/\s+/);
    return Number(protocol) === NETLINK_ROUTE && Number(port) === pid && Number.parseInt(groups ?? '', 16) !== 0;
  });
}
