import { aborted, createLogger, createReadiness, listenToSignals } from '@weir/daemon';
import { advertiseMss } from './advertised-mss.js';
import { AgentError } from './agent-error.js';
import type { AgentOptions } from './agent-options.js';
import { silenceArp } from './arp-policy.js';
import { Decapsulation, detachDecapsulation } from './decapsulation.js';
import { Undo } from './undo.js';
import { addVipAddresses } from './vip-addresses.js';

/**
 * Makes this host a backend and keeps it one until SIGTERM or SIGINT; then takes back what it did, unless told to keep
 * it. @throws {AgentError | DataplaneError} what was done until then is taken back
 */
export async function runAgent(options: AgentOptions): Promise<void> {
  const logger = createLogger('real-server', options.log);
  const readiness = createReadiness();
  if (process.getuid?.() !== 0) {
    throw new AgentError(
      'NOT_ROOT',
      'not root: addresses, routes and BPF programs need CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON',
    );
  }
  const undo = new Undo();
  using signals = listenToSignals(() =>
    logger.info('nothing to read again: the agent is configured by its command line'),
  );
  // Signals do not keep a process alive, and nothing else here waits.
  const alive = setInterval(() => {}, 1 << 30);
  try {
    using decapsulation = new Decapsulation(options);
    // The program comes first: a VIP on lo that packets can't reach yet harms nobody, nor does one without the other.
    const attachment = decapsulation.attach(options.interface, options.mode, options.pinDirectory);
    undo.push(async () => detachDecapsulation(options.interface, options.pinDirectory));
    logger.info({ ...attachment }, `XDP runs in ${attachment.mode} mode on ${options.interface}`);
    await silenceArp(options.interface, undo);
    await advertiseMss(options.interface, options.vips, options.enabled, undo);
    await addVipAddresses(options.vips, undo);
    readiness.ready(`${options.vips.length} VIPs`);
    logger.info({ vips: options.vips, decapsulates: options.enabled }, 'ready');
    await aborted(signals.stop);
    readiness.stopping('leaving');
    logger.info({ ...decapsulation.counts(), signal: signals.stop.reason }, 'leaving');
    if (options.keep) return;
  } catch (error) {
    logger.fatal({ err: error }, (error as Error).message);
    await undo.run();
    throw error;
  } finally {
    clearInterval(alive);
  }
  for (const failure of await undo.run()) logger.warn({ err: failure }, 'could not take back all that was done');
}
