import type { Counters } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import { possibleCpus } from '../libbpf/native.js';
import { closeAll, findPinnedTables, pinnedSizes } from './pinned-tables.js';
import { TableMemory } from './table-memory.js';
import { TableWriter } from './table-writer.js';

/**
 * What a node has counted, from its pinned tables: also while no daemon runs, and beside one.
 * @throws {DataplaneError} TABLES_INVALID when there are no tables of this version below `pinDirectory`
 */
export function readCounters(pinDirectory: string): Counters {
  const sizes = pinnedSizes(pinDirectory, possibleCpus());
  const found = sizes === undefined ? undefined : findPinnedTables(pinDirectory, sizes);
  if (found?.kind !== 'found' || sizes === undefined) {
    const why = found?.kind === 'unfit' ? found.reason : 'nothing is pinned there';
    throw new DataplaneError('TABLES_INVALID', `no tables to read in ${pinDirectory}: ${why}`, {
      details: { pinDirectory },
    });
  }
  try {
    using memory = new TableMemory((name) => found.fds.get(name) as number, sizes);
    return new TableWriter(memory, () => performance.now()).counters();
  } finally {
    closeAll(found.fds);
  }
}
