import { setTimeout as wait } from 'node:timers/promises';

const TIMEOUT_MS = 20_000;
const POLL_MS = 10;

/**
 * What `ask` answers once it answers something else than undefined or false. For what servers tell nobody.
 *
 * @param what  completes "waited 20 s for ..."
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = TIMEOUT_MS,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() >= deadline) throw new Error(`waited ${timeoutMs / 1000} s for ${what}`);
    await wait(POLL_MS);
  }
}
