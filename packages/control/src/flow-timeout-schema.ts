import { durationUpTo } from './duration.js';

/** The data plane counts time in these (docs/packet-path.md). */
export const TICK_MS = 1000;
/** It dates flows with 21 bits, 24 days; older ones must not look young again before they are noticed. */
const LONGEST = { ms: 7 * 24 * 3_600_000, text: '168h, 7 days' };

/** After how long without a packet something is forgotten. */
export const flowTimeout = durationUpTo(LONGEST.ms, LONGEST.text).refine(
  (ms) => ms >= TICK_MS,
  'is less than 1s, the tick that flows are timed by',
);
