import { loadNodeConfig, type NodeConfig } from '@weir/control';
import { type Counters, DataplaneError, readCounters, readPortableCounters } from '@weir/dataplane';
import { WeirError } from '@weir/errors';
import { countersInOrder } from './counters-in-order.js';
import { formatCounters } from './format-counters.js';
import { countersSocketOf } from './open-dataplane.js';
import { formatSharing } from './sharing-report.js';
import { readSharing, sharingSocketOf } from './sharing-socket.js';

/**
 * Prints what the data plane of a node has counted; with the engine xdp whether or not its daemon runs, and
 * what a running daemon has shared.
 * @throws {WeirError} NOTHING_COUNTED where no node has run with this configuration
 */
export async function printCounters(configFile: string, asJson: boolean): Promise<void> {
  const config = await loadNodeConfig(configFile);
  const counters = countersInOrder(await countersOf(config), config.services);
  // The store and look-ups are counted by the daemon, not by the data plane.
  const sharing = config.state === undefined ? undefined : await readSharing(sharingSocketOf(config));
  process.stdout.write(
    asJson
      ? `${JSON.stringify({ ...counters, ...(sharing === undefined ? {} : { sharing }) })}\n`
      : `${formatCounters(counters, config.services)}${sharing === undefined ? '' : formatSharing(sharing)}`,
  );
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
