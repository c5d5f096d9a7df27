import { setTimeout as wait } from 'node:timers/promises';

const TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/**
 * What `ask` answers once it answers something else than undefined: for what the kernel tells nobody.
 * @param what  completes "waited 10 s for ..."
 */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= deadline) throw new Error(`waited ${TIMEOUT_MS / 1000} s for ${what}`);
    await wait(POLL_MS);
  }
}
