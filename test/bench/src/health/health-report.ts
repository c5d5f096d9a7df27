import { renderTable } from '../text-table.js';
import type { ProbingCost } from './health-benchmark.js';

/** CPU of one core, and how evenly probes begin; Weir beside the plain loop. */
export function renderHealth(costs: readonly ProbingCost[], backends: number, isTerminal: boolean): string {
  const rows = costs.map(({ kind, by, cpuShare, probesPerSecond, burst, stallMs, failed }) => {
    const weir = costs.find((cost) => cost.kind === kind && cost.by === 'weir') as ProbingCost;
    return [
      `${kind}, ${by}`,
      Math.round(probesPerSecond.median).toLocaleString('en-US'),
      `${(cpuShare.median * 100).toFixed(1)} %`,
      `±${(cpuShare.spread * 100).toFixed(0)} %`,
      by === 'weir' ? 'under 50 %' : `Weir: × ${(weir.cpuShare.median / cpuShare.median).toFixed(2)}`,
      Math.round(burst.median).toLocaleString('en-US'),
      by === 'weir' ? '' : `Weir: × ${(weir.burst.median / burst.median).toFixed(3)}`,
      stallMs.median.toFixed(0),
      failed.toLocaleString('en-US'),
    ];
  });
  const head = [
    'probes',
    'a second',
    'of a core',
    'spread',
    'reach',
    'most in 10 ms',
    '',
    'longest stall: ms',
    'failed',
  ];
  return `${backends.toLocaleString('en-US')} backends probed\n${renderTable({ head, rows }, isTerminal)}\n`;
}
