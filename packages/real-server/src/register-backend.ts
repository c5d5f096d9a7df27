import {
  aborted,
  createLogger,
  createReadiness,
  type Logger,
  listenToSignals,
  type Signals,
  TimeLimit,
} from '@weir/daemon';
import { type HealthChange, HealthMonitor } from '@weir/health';
import { drainedConnections } from './drained-connections.js';
import type { RegisterOptions } from './register-options.js';
import { Registration } from './registration.js';

/**
 * Keeps this backend registered in etcd while its local check passes. At SIGTERM or SIGINT it is drained and removed; the
 * second cuts the drain short.
 */
export async function registerBackend(options: RegisterOptions): Promise<void> {
  const logger = createLogger('real-server', options.log);
  using readiness = createReadiness();
  using signals = listenToSignals(() =>
    logger.info(
      { event: 'reload_ignored' },
      'nothing to read again: the registration is configured by its command line',
    ),
  );
  // Signals do not keep a process alive.
  const alive = setInterval(() => {}, 1 << 30);
  try {
    await using registration = new Registration({ ...options, logger });
    readiness.ready(options.key);
    logger.info({ event: 'registration_ready', key: options.key, etcd: options.etcd.endpoints }, 'ready');
    const isServing = await registerUntil(signals, registration, options, logger);
    readiness.stopping('draining');
    logger.info({ event: 'registration_leaving', signal: signals.stop.reason }, 'leaving');
    if (isServing) await drain(signals, registration, options, logger);
  } finally {
    clearInterval(alive);
  }
}

/** @returns whether the backend was well when the signal came */
async function registerUntil(
  { stop }: Signals,
  registration: Registration,
  { check, serving }: RegisterOptions,
  logger: Logger,
): Promise<boolean> {
  if (check === undefined) {
    registration.set(serving);
    await aborted(stop);
    return true;
  }
  let isServing = false;
  const onChange = ([change]: readonly HealthChange[]) => {
    if (change === undefined) return;
    isServing = change.verdict === 'up';
    const { reason } = change;
    if (isServing) logger.info({ event: 'local_check_passes', reason }, `the local check passes: ${reason}`);
    else logger.warn({ event: 'local_check_fails', reason }, `the local check fails: ${reason}`);
    registration.set(isServing ? serving : undefined);
  };
  await using monitor = new HealthMonitor({ onChange });
  monitor.set([{ id: serving, initially: 'down', ...check }]);
  await aborted(stop);
  return isServing;
}

async function drain(
  { hurry }: Signals,
  registration: Registration,
  options: RegisterOptions,
  logger: Logger,
): Promise<void> {
  registration.set(options.draining);
  // Nodes that can't be told need not be waited for.
  using limit = new TimeLimit(options.drainMs, hurry);
  await registration.settled(limit.signal);
  if (!hurry.aborted) await drainedConnections(options, logger, hurry);
}
