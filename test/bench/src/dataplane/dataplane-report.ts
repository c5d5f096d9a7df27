import type { Summary } from '../statistics.js';
import { renderTable } from '../text-table.js';
import type { DataplaneBenchmarkResult } from './dataplane-benchmark.js';

/** The figures as tables. */
export function renderDataplane({ packets, verifier, tables }: DataplaneBenchmarkResult, isTerminal: boolean): string {
  const sections = [
    [
      'ns per packet, and how much longer without the cache of next hops',
      {
        head: ['packet', 'flows', 'ns', 'spread', 'no cache: ns', 'spread', 'ratio'],
        rows: packets.map(({ packet, flows, cachedNs, uncachedNs }) => [
          packet,
          number(flows),
          number(cachedNs.median),
          percent(cachedNs),
          number(uncachedNs.median),
          percent(uncachedNs),
          `× ${(uncachedNs.median / cachedNs.median).toFixed(2)}`,
        ]),
      },
    ],
    [
      'instructions that the verifier goes through',
      {
        head: ['program', 'processed', 'limit'],
        rows: verifier.map(({ program, processed, limit }) => [program, number(processed), number(limit)]),
      },
    ],
    [
      'ms to bring tables into force',
      {
        head: ['services', 'rows', 'computing', 'new', 'unchanged', 'one backend changed', 'rows stored', 'rows whole'],
        rows: tables.map((cost) => [
          number(cost.services),
          number(cost.rows),
          cost.computeMs.toFixed(1),
          cost.newMs.toFixed(1),
          cost.unchangedMs.median.toFixed(1),
          cost.changedMs.median.toFixed(1),
          number(cost.rowsWritten),
          cost.wholeMs.median.toFixed(1),
        ]),
      },
    ],
  ] as const;
  return sections.map(([title, table]) => `${title}\n${renderTable(table, isTerminal)}\n`).join('\n');
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function percent({ spread }: Summary): string {
  return `±${(spread * 100).toFixed(0)} %`;
}
