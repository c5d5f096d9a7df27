import type { PinsOptions, PinsReport } from './pins.js';

/** For people: what was simulated, and what became of the connections. */
export function renderPins({ seed, table, changes, timing, pinned }: PinsOptions, report: PinsReport): string[] {
  const what = 'once' in changes ? `one change (${changes.once})` : `${report.changes} changes`;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return [
    `seed ${seed}, ${table}, ${what}, ${report.connections} connections, ${report.packets} packets, window ${timing.learnMs} ms${pinned ? '' : ', rows not pinned'}`,
    `kept: ${percent(report.keptMean)} of the connections on average, ${percent(report.keptMost)} at most; a change moved up to ${percent(report.rowsMoved)} of the rows`,
    `broken: ${report.broken.length}; moved after a silence: ${report.movedAfterSilence}; ended with their backend: ${report.endedWithBackend}`,
    ...report.broken.slice(0, 5).map((what) => `  ${what}`),
  ];
}
