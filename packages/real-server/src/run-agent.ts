import { aborted, createLogger, createReadiness, type Logger, listenToSignals } from '@weir/daemon';
import { requireHost } from '@weir/doctor/host';
import type { AgentOptions } from './agent-options.js';
import { silenceArp } from './arp-policy.js';
import { Decapsulation } from './decapsulation.js';
import { followRoutes } from './follow-routes.js';
import { ChangeRecord } from './host-changes.js';
import { applyOwnAddresses } from './own-addresses.js';
import { allowAsymmetricPath } from './reverse-path.js';
import { letRoutesBeLookedUp, resolveHops } from './second-chance-hops.js';
import { takeBack } from './take-back.js';
import { attachToa, detachToa } from './toa.js';
import { applyVipAddresses } from './vip-addresses.js';
import { applyVipRoutes, hasDefaultRouteBy, removeVipRoutes } from './vip-routes.js';

/**
 * Makes this host a backend and keeps it one until SIGTERM or SIGINT; then takes back what it and the lives before it
 * did, unless told to keep it. @throws {StartError | AgentError | DataplaneError} what was done until then is taken back
 */
export async function runAgent(options: AgentOptions): Promise<void> {
  const logger = createLogger('real-server', options.log);
  const { interface: name, vips, enabled } = options;
  await requireHost({ role: 'backend', interface: name, vips, encapsulations: enabled });
  using readiness = createReadiness();
  using signals = listenToSignals(() =>
    logger.info({ event: 'reload_ignored' }, 'nothing to read again: the agent is configured by its command line'),
  );
  using decapsulation = new Decapsulation(options);
  const attachment = decapsulation.attach(options.interface, options.mode, options.pinDirectory);
  const record = new ChangeRecord(decapsulation);
  // Signals do not keep a process alive.
  const alive = setInterval(() => {}, 1 << 30);
  try {
    if (attachment !== undefined) {
      logger.info(
        { event: 'interface_attached', ...attachment },
        `XDP runs in ${attachment.mode} mode on ${options.interface}`,
      );
    }
    const advertisedMss = await install(options, record, logger);
    const hasHops = options.enabled.includes('second_chance');
    if (hasHops) await applyOwnAddresses(decapsulation);
    // Without encapsulations there is no copy of the main table.
    const following =
      options.enabled.length > 0 &&
      followRoutes(
        async () => {
          if (hasHops) await applyOwnAddresses(decapsulation);
          await applyVipRoutes(options);
        },
        (error) =>
          logger.warn(
            { event: 'host_changes_unknown', err: error },
            'routes of VIPs and addresses of hops may differ from what the host has',
          ),
        signals.stop,
      );
    const resolving = hasHops && resolveHops(decapsulation, logger, signals.stop);
    readiness.ready(`${options.vips.length} VIPs`);
    logger.info({ event: 'agent_ready', vips: options.vips, decapsulates: options.enabled, advertisedMss }, 'ready');
    await aborted(signals.stop);
    readiness.stopping('leaving');
    await following;
    await resolving;
    logger.info({ event: 'agent_leaving', ...decapsulation.counts(), signal: signals.stop.reason }, 'leaving');
  } catch (error) {
    logger.fatal({ event: 'start_failed', err: error }, (error as Error).message);
    await takeBack(options.pinDirectory, record, logger);
    throw error;
  } finally {
    clearInterval(alive);
  }
  if (!options.keep) await takeBack(options.pinDirectory, record, logger);
}

/** The VIPs come last: no packet for them is answered before all else is right. */
async function install(options: AgentOptions, record: ChangeRecord, logger: Logger) {
  if (options.toa === undefined) {
    detachToa(options.pinDirectory); // what a former life left
  } else {
    const cgroup = attachToa(options.toa, options.pinDirectory);
    logger.info({ event: 'toa_attached', cgroup }, 'servers are told their clients by TOA');
  }
  if (options.vips.length === 0) {
    await applyVipAddresses([], record);
    await removeVipRoutes();
    return {};
  }
  await silenceArp(options.interface, record);
  if (await allowAsymmetricPath(options.interface, await hasDefaultRouteBy(options.interface), record)) {
    logger.warn(
      { event: 'rp_filter_loosened', interface: options.interface },
      'strict rp_filter would drop clients here, as no default route goes by this interface; it is loose (2) now',
    );
  }
  if (options.enabled.includes('second_chance')) await letRoutesBeLookedUp(record);
  const advertisedMss = await applyVipRoutes(options);
  await applyVipAddresses(options.vips, record);
  return advertisedMss;
}
