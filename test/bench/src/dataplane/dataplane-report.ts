import type { Summary } from '../statistics.js';
import { renderTable, type TextTable } from '../text-table.js';
import type { DataplaneBenchmarkResult } from './dataplane-benchmark.js';
import type { NexthopCost } from './nexthop-benchmark.js';
import type { SpeedFigure } from './speed-benchmark.js';
import type { TableCost } from './table-benchmark.js';
import type { VerifierEffort } from './verifier-effort.js';

/** The figures as tables; none of what was not measured. */
export function renderDataplane(result: DataplaneBenchmarkResult, isTerminal: boolean): string {
  const sections: readonly (readonly [string, TextTable])[] = [
    ['what packets cost: ns each, or millions a second', speedTable(result.speed)],
    ['ns per packet, and how much longer without the cache of next hops', nexthopTable(result.nexthops)],
    ['instructions that the verifier goes through', verifierTable(result.verifier)],
    ['ms to bring tables into force', changesTable(result.changes)],
  ];
  return sections
    .filter(([, { rows }]) => rows.length > 0)
    .map(([title, table]) => `${title}\n${renderTable(table, isTerminal)}\n`)
    .join('\n');
}

function speedTable(figures: readonly SpeedFigure[]): TextTable {
  return {
    head: ['packet', 'flows', 'unit', 'median', 'spread', 'best rival', 'goal', 'reached'],
    rows: figures.map(({ packet, flows, unit, measured, rival, goal, reached }) => [
      packet,
      number(flows),
      unit,
      unit === 'ns' ? measured.median.toFixed(0) : measured.median.toFixed(2),
      percent(measured),
      rival === undefined ? '' : String(rival),
      String(goal),
      reached ? 'yes' : 'NO',
    ]),
  };
}

function nexthopTable(costs: readonly NexthopCost[]): TextTable {
  return {
    head: ['packet', 'flows', 'ns', 'spread', 'no cache: ns', 'spread', 'ratio'],
    rows: costs.map(({ packet, flows, cachedNs, uncachedNs }) => [
      packet,
      number(flows),
      number(cachedNs.median),
      percent(cachedNs),
      number(uncachedNs.median),
      percent(uncachedNs),
      `× ${(uncachedNs.median / cachedNs.median).toFixed(2)}`,
    ]),
  };
}

function verifierTable(efforts: readonly VerifierEffort[]): TextTable {
  return {
    head: ['program', 'processed', 'limit'],
    rows: efforts.map(({ program, processed, limit }) => [program, number(processed), number(limit)]),
  };
}

function changesTable(costs: readonly TableCost[]): TextTable {
  return {
    head: ['services', 'rows', 'computing', 'new', 'unchanged', 'one backend changed', 'rows stored', 'rows whole'],
    rows: costs.map((cost) => [
      number(cost.services),
      number(cost.rows),
      cost.computeMs.toFixed(1),
      cost.newMs.toFixed(1),
      cost.unchangedMs.median.toFixed(1),
      cost.changedMs.median.toFixed(1),
      number(cost.rowsWritten),
      cost.wholeMs.median.toFixed(1),
    ]),
  };
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function percent({ spread }: Summary): string {
  return `±${(spread * 100).toFixed(0)} %`;
}
