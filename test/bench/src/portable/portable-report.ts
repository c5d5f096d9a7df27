import { renderTable } from '../text-table.js';
import type { FunctionCost } from './cpu-profile.js';
import type { PortableSpeed } from './portable-benchmark.js';

/** Packets per second, of each kind. */
export function renderPortable(speeds: readonly PortableSpeed[], isTerminal: boolean): string {
  const rows = speeds.map(({ packet, flows, packetsPerSecond: { median, spread } }) => [
    packet,
    flows.toLocaleString('en-US'),
    Math.round(median).toLocaleString('en-US'),
    `±${(spread * 100).toFixed(0)} %`,
    (1e6 / median).toFixed(2),
  ]);
  const head = ['packet', 'flows', 'packets/s', 'spread', 'µs each'];
  return `packets per second of the portable engine\n${renderTable({ head, rows }, isTerminal)}\n`;
}

/** Where the time goes. */
export function renderProfile(costs: readonly FunctionCost[], isTerminal: boolean): string {
  const rows = costs.map(({ name, place, selfMs, share }) => [
    name,
    place,
    selfMs.toFixed(0),
    `${(share * 100).toFixed(1)} %`,
  ]);
  return `most expensive functions\n${renderTable({ head: ['function', 'at', 'self ms', 'share'], rows }, isTerminal)}\n`;
}
