import { loadNodeConfig, type NodeConfig } from '@weir/control';
import { type Counters, DataplaneError, readCounters, readPortableCounters } from '@weir/dataplane';
import { WeirError } from '@weir/errors';
import { countersInOrder } from './counters-in-order.js';
import { formatCounters } from './format-counters.js';
import { formatHealth } from './health-report.js';
import { countersSocketOf } from './open-dataplane.js';
import { readReport } from './report-socket.js';
import { formatSharing } from './sharing-report.js';

/**
 * Prints what the data plane of a node has counted; with the engine xdp whether or not its daemon runs, and
 * what a running daemon has shared.
 * @throws {WeirError} NOTHING_COUNTED where no node has run with this configuration
 */
export async function printCounters(configFile: string, asJson: boolean): Promise<void> {
  const config = await loadNodeConfig(configFile);
  const counters = countersInOrder(await countersOf(config), config.services);
  // The store and look-ups are counted by the daemon, not by the data plane.
  const sharing = config.state === undefined ? undefined : await readReport(config, 'sharing');
  const health = await readReport(config, 'health');
  const report = {
    ...counters,
    ...(sharing === undefined ? {} : { sharing }),
    ...(health?.backends.length ? { health } : {}),
  };
  const tables = [
    formatCounters(counters, config.services),
    health === undefined ? '' : formatHealth(health),
    sharing === undefined ? '' : formatSharing(sharing),
  ];
  process.stdout.write(asJson ? `${JSON.stringify(report)}\n` : tables.join(''));
}

async function countersOf(config: NodeConfig): Promise<Counters> {
  const { engine, pinDirectory } = config.dataplane;
  try {
    return await (engine === 'xdp' ? readCounters(pinDirectory) : readPortableCounters(countersSocketOf(config)));
  } catch (cause) {
    const isNothing = cause instanceof DataplaneError && nothingThere.includes(cause.code);
    if (!isNothing) throw cause;
    throw new WeirError('NOTHING_COUNTED', `${cause.message}; has lb-node run here with this configuration?`, {
      cause,
      details: { pinDirectory },
    });
  }
}

const nothingThere: readonly string[] = ['TABLES_INVALID', 'COUNTERS_UNAVAILABLE'];
