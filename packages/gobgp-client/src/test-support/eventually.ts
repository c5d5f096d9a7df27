import { setTimeout as wait } from 'node:timers/promises';

/** gobgpd calls a peer 5 to 10 s after the session or itself began. */
const TIMEOUT_MS = 40_000;
const POLL_MS = 20;

/**
 * What `ask` answers once it answers something else than undefined. For what gobgpd and the kernel tell nobody.
 * @param what  completes "waited 40 s for ..."
 */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = performance.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() >= deadline) throw new Error(`waited ${TIMEOUT_MS / 1000} s for ${what}`);
    await wait(POLL_MS);
  }
}
