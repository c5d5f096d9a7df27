import { TICK_MS } from '../tick.js';

const TICKS_PER_SECOND = 1000 / TICK_MS;

export function timeoutTicks(timeoutMs: number): number {
  return Math.ceil(timeoutMs / TICK_MS);
}

/** Is what was last seen then forgotten by now? */
export function isExpired(lastSeen: number, timeout: number, nowTicks: number): boolean {
  return nowTicks - lastSeen > timeout;
}

/** The whole second that rates are counted in. */
export function secondOf(nowTicks: number): number {
  return Math.floor(nowTicks / TICKS_PER_SECOND);
}
