import type { Change } from './backends.js';
import type { PinsOptions } from './pins.js';

type Scenario = Omit<PinsOptions, 'seed' | 'table'>;

const service = {
  rows: 4099,
  backends: 20,
  connections: 2000,
  timing: { learnMs: 30_000, holdMs: 120_000 },
  flowTimeoutMs: 120_000,
  pinned: true,
} as const;

/** More than ever happens: a change every 15 s, each within the window of the one before it. */
export const minutesOfChanges: Scenario = { ...service, durationMs: 15 * 60_000, changes: { everyMs: 15_000 } };

/** What a change costs. */
export const oneChange = (once: Change): Scenario => ({ ...service, durationMs: 5 * 60_000, changes: { once } });
