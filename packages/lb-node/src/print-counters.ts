import { loadNodeConfig, type NodeConfig } from '@weir/control';
import { type Counters, DataplaneError, readCounters } from '@weir/dataplane';
import { WeirError } from '@weir/errors';
import { countersInOrder } from './counters-in-order.js';
import { formatCounters } from './format-counters.js';

/**
 * Prints what the data plane of a node has counted, whether or not its daemon runs.
 * @throws {WeirError} NOTHING_COUNTED where no node has run with this configuration
 */
export async function printCounters(configFile: string, asJson: boolean): Promise<void> {
  const config = await loadNodeConfig(configFile);
  const counters = countersInOrder(countersOf(config), config.services);
  process.stdout.write(asJson ? `${JSON.stringify(counters)}\n` : formatCounters(counters, config.services));
}

function countersOf({ dataplane: { pinDirectory } }: NodeConfig): Counters {
  try {
    return readCounters(pinDirectory);
  } catch (cause) {
    if (!(cause instanceof DataplaneError) || cause.code !== 'TABLES_INVALID') throw cause;
    throw new WeirError('NOTHING_COUNTED', `${cause.message}; has lb-node run here with this configuration?`, {
      cause,
      details: { pinDirectory },
    });
  }
}
