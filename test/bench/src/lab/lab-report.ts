import { renderTable } from '../text-table.js';
import type { ComparedPath } from './comparison.js';
import type { WrkErrors } from './wrk-report.js';

const HEAD = [
  'path',
  'requests/s',
  'spread',
  'Weir is',
  'CPU µs/request',
  'in interrupts',
  'balancer’s side',
  'node processes',
  'disturbance',
  'errors',
];

/** The comparison as a table for each workload. */
export function renderComparison(paths: readonly ComparedPath[], isTerminal: boolean): string {
  const names = [...new Set(paths.map(({ workload }) => workload))];
  return names
    .map((name) => {
      const rows = paths.filter(({ workload }) => workload === name).map(rowOf);
      return `${name}\n${renderTable({ head: HEAD, rows }, isTerminal)}\n`;
    })
    .join('\n');
}

function rowOf(path: ComparedPath): string[] {
  const { contender, requestsPerSecond, weirRatio, machineUs, interruptUs, balancerUs, nodeProcessesUs, errors } = path;
  return [
    contender,
    Math.round(requestsPerSecond.median).toLocaleString('en-US'),
    `±${(requestsPerSecond.spread * 100).toFixed(0)} %`,
    weirRatio === undefined || contender === 'weir' ? '' : `× ${weirRatio.toFixed(2)}`,
    machineUs.median.toFixed(1),
    interruptUs.median.toFixed(1),
    balancerUs === undefined || contender === 'direct' ? '' : balancerUs.toFixed(1),
    nodeProcessesUs.median.toFixed(1),
    `${(path.disturbance.median * 100).toFixed(0)} %`,
    path.failed ? `! ${describeErrors(errors)}` : 'none',
  ];
}

function describeErrors(errors: WrkErrors): string {
  const seen = Object.entries(errors).filter(([, count]) => count > 0);
  return seen.map(([kind, count]) => `${kind} ${count}`).join(', ') || 'no answers';
}
