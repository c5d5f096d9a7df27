import { percentile, summarize } from '../statistics.js';
import { renderTable, type TextTable } from '../text-table.js';
import type { BurstFigures } from './burst-benchmark.js';
import type { ChangeTimes } from './change-benchmark.js';
import type { ControlBenchmarkResult } from './control-benchmark.js';
import { NODES } from './control-lab.js';
import type { LoadFigures } from './load-benchmark.js';

const NINETY_NINE = 0.99;

/** The figures as tables; none of what was not measured. */
export function renderControl(result: ControlBenchmarkResult, isTerminal: boolean): string {
  const sections: readonly (readonly [string, TextTable])[] = [
    [`from a change until it is in the data plane of all ${NODES} nodes, ms`, changeTable(result.changes)],
    ['many changes at once', burstTable(result.burst)],
    ['a node starts with all backends in etcd, ms', loadTable(result.load)],
  ];
  return sections
    .filter(([, { rows }]) => rows.length > 0)
    .map(([title, table]) => `${title}\n${renderTable(table, isTerminal)}\n`)
    .join('\n');
}

function changeTable(changes: readonly ChangeTimes[]): TextTable {
  return {
    head: ['changed', 'changes', 'median', 'p99', 'reach'],
    rows: changes.map(({ source, ms }) => [
      source === 'etcd' ? 'a key in etcd' : 'weir.yaml replaced',
      String(ms.length),
      summarize(ms).median.toFixed(0),
      percentile(ms, NINETY_NINE).toFixed(0),
      source === 'etcd' ? 'under 100' : '',
    ]),
  };
}

function burstTable(bursts: readonly BurstFigures[]): TextTable {
  return {
    head: ['changes', 'written in, ms', 'all in force after, ms', 'passes of each node'],
    rows: bursts.map(({ changes, writtenMs, inForceMs, passes }) => [
      String(changes),
      writtenMs.toFixed(0),
      inForceMs.toFixed(0),
      passes.join(', '),
    ]),
  };
}

function loadTable(loads: readonly LoadFigures[]): TextTable {
  return {
    head: ['backends', 'starts', 'read: median', 'reach', 'in force: median'],
    rows: loads.map(({ backends, loaded, inForce }) => [
      String(backends),
      String(loaded.values.length),
      loaded.median.toFixed(0),
      'under 2000',
      inForce.median.toFixed(0),
    ]),
  };
}
