import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const RESTART_MS = 1000;

/**
 * Calls back when routes, neighbours or links change, as `ip monitor` tells, until the signal aborts. Says that
 * something changed, not what: whoever listens looks at the whole anyway.
 */
export function onNetworkChange(callback: () => void, signal: AbortSignal): void {
  if (signal.aborted) return;
  const monitor = spawn('ip', ['monitor', 'route', 'neigh', 'link'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const stop = () => monitor.kill();
  signal.addEventListener('abort', stop, { once: true });
  createInterface({ input: monitor.stdout }).on('line', callback);
  const again = () => {
    signal.removeEventListener('abort', stop);
    if (!signal.aborted) setTimeout(() => onNetworkChange(callback, signal), RESTART_MS).unref();
  };
  monitor.once('error', again);
  monitor.once('exit', again);
}
