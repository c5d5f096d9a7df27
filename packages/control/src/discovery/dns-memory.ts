import type { DiscoveredBackend } from './discovery.js';
import type { DnsDiscoveryConfig } from './discovery-config.js';

/** Wait after the first question that nobody answers; doubles with each further one. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;

/** How a round of questions ended. */
export type DnsOutcome =
  | { readonly kind: 'found'; readonly backends: readonly DiscoveredBackend[]; readonly ttlSeconds: number }
  /** There is no such name, or it has no such records. */
  | { readonly kind: 'none'; readonly ttlSeconds: number }
  | { readonly kind: 'failed' };

/** What is known of a name. Times are of one monotonic clock, in ms. */
export interface DnsMemory {
  /** Absent: nothing was ever answered. */
  readonly backends?: readonly DiscoveredBackend[];
  /** Since the first of the negative answers that no positive one followed. */
  readonly noneSinceMs?: number;
  /** Since the first of the questions that no answer followed. */
  readonly failedSinceMs?: number;
  /** Questions without an answer in a row. */
  readonly failures: number;
}

export interface DnsStep {
  readonly memory: DnsMemory;
  /** When to ask again. */
  readonly askInMs: number;
}

type Limits = Pick<DnsDiscoveryConfig, 'minTtlMs' | 'maxTtlMs' | 'keepNegativeMs' | 'keepFailedMs'>;

/** What is known after a round of questions, and when the next one is due. */
export function afterOutcome(memory: DnsMemory, outcome: DnsOutcome, nowMs: number, limits: Limits): DnsStep {
  const within = (ms: number) => Math.min(Math.max(ms, limits.minTtlMs), limits.maxTtlMs);
  switch (outcome.kind) {
    case 'found':
      return { memory: { backends: outcome.backends, failures: 0 }, askInMs: within(outcome.ttlSeconds * 1000) };
    case 'none': {
      const { noneSinceMs = nowMs } = memory;
      const { backends, leftMs } = kept(memory.backends ?? [], noneSinceMs + limits.keepNegativeMs - nowMs);
      const askInMs = within(Math.min(outcome.ttlSeconds * 1000, leftMs));
      return { memory: { backends, noneSinceMs, failures: 0 }, askInMs };
    }
    case 'failed': {
      const { failedSinceMs = nowMs, failures, noneSinceMs } = memory;
      const waitMs = Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS);
      const known = memory.backends && kept(memory.backends, failedSinceMs + limits.keepFailedMs - nowMs);
      return {
        memory: {
          ...(known === undefined ? {} : { backends: known.backends }),
          ...(noneSinceMs === undefined ? {} : { noneSinceMs }),
          failedSinceMs,
          failures: failures + 1,
        },
        askInMs: within(Math.min(waitMs, known?.leftMs ?? waitMs)),
      };
    }
  }
}

/** Backends that were not told this time stay until their time is over. */
function kept(backends: readonly DiscoveredBackend[], leftMs: number) {
  return leftMs > 0 && backends.length > 0 ? { backends, leftMs } : { backends: [], leftMs: Number.POSITIVE_INFINITY };
}
