import { TICK_MS } from '../tick.js';

/** The tick of this moment, as the engine counts time; it never goes back. */
export function presentTick(): number {
  return Math.floor(performance.now() / TICK_MS);
}
