const BACKOFF_MS = { first: 100, last: 5_000 } as const;

/** How long to wait before attempt `n`, counted from 1: longer and longer, and not all nodes at once. */
export function backoffMs(attempt: number): number {
  const ceiling = Math.min(BACKOFF_MS.first * 2 ** Math.min(attempt, 10), BACKOFF_MS.last);
  return Math.round(ceiling * (0.5 + Math.random() / 2));
}
