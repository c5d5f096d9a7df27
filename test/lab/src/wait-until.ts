import { setTimeout as delay } from 'node:timers/promises';
import { LabError } from './lab-error.js';

/** How long something may take, and what else ends the waiting. */
export interface Deadline {
  /** Default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Asks again and again until the answer is not undefined. For states that tell nobody when they change.
 *
 * @param what  completes "waited 10 s for ..."
 * @throws LabError `LAB_DEADLINE_PASSED`; whatever `check` throws; the reason of the signal
 */
export async function waitUntil<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal, intervalMs = 20 }: Deadline & { readonly intervalMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const found = await check();
    if (found !== undefined) return found;
    if (performance.now() >= deadline) {
      throw new LabError('LAB_DEADLINE_PASSED', `waited ${timeoutMs / 1000} s for ${what}`, { details: { timeoutMs } });
    }
    await delay(intervalMs, undefined, signal === undefined ? {} : { signal });
  }
}
