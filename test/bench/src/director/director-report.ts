import { renderTable } from '../text-table.js';
import type { DirectorTime } from './director-benchmark.js';

/** Milliseconds of each, beside the whole table. */
export function renderDirector(times: readonly DirectorTime[], members: number, isTerminal: boolean): string {
  const rows = times.map(({ what, ms: { median, spread }, ratio, stallMs }) => [
    what,
    median.toFixed(1),
    `±${(spread * 100).toFixed(0)} %`,
    `${ratio < 10 ? ratio.toFixed(3) : Math.round(ratio)} x`,
    stallMs.toFixed(1),
  ]);
  const head = ['table', 'ms', 'spread', 'of the whole', 'longest stall, ms'];
  return `tables of ${members.toLocaleString('en-US')} members\n${renderTable({ head, rows }, isTerminal)}\n`;
}
