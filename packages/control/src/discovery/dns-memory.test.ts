import test from 'ava';
import type { DiscoveredBackend } from './discovery.js';
import { afterOutcome, type DnsMemory, type DnsOutcome } from './dns-memory.js';

const limits = { minTtlMs: 1000, maxTtlMs: 300_000, keepNegativeMs: 60_000, keepFailedMs: 3_600_000 };
const web: readonly DiscoveredBackend[] = [{ address: '10.0.0.21', weight: 1, maxConnections: 0 }];
const FOUND: DnsOutcome = { kind: 'found', backends: web, ttlSeconds: 30 };
const NONE: DnsOutcome = { kind: 'none', ttlSeconds: 5 };
const FAILED: DnsOutcome = { kind: 'failed' };

/** What is known after outcomes at these times, and the last wait. */
function after(...steps: readonly (readonly [atMs: number, outcome: DnsOutcome])[]) {
  let memory: DnsMemory = { failures: 0 };
  let askInMs = 0;
  for (const [atMs, outcome] of steps) ({ memory, askInMs } = afterOutcome(memory, outcome, atMs, limits));
  return { backends: memory.backends, askInMs };
}

test('a TTL decides when to ask again, between its floor and its ceiling', (t) => {
  t.deepEqual(after([0, FOUND]), { backends: web, askInMs: 30_000 });
  t.is(after([0, { ...FOUND, ttlSeconds: 0 }]).askInMs, 1000);
  t.is(after([0, { ...FOUND, ttlSeconds: 86_400 }]).askInMs, 300_000);
});

test('a negative answer keeps backends for keepNegative since the first of them', (t) => {
  t.deepEqual(after([0, FOUND], [30_000, NONE]), { backends: web, askInMs: 5000 });
  t.deepEqual(after([0, FOUND], [30_000, NONE], [88_000, NONE]), { backends: web, askInMs: 2000 });
  t.deepEqual(after([0, FOUND], [30_000, NONE], [90_000, NONE]), { backends: [], askInMs: 5000 });
});

test('a positive answer in between begins the time anew', (t) => {
  t.deepEqual(after([0, FOUND], [1000, NONE], [50_000, FOUND], [62_000, NONE]).backends, web);
});

test('without an answer backends stay for keepFailed, and the waits double up to half a minute', (t) => {
  t.deepEqual(after([0, FOUND], [1000, FAILED]), { backends: web, askInMs: 1000 });
  t.deepEqual(after([0, FOUND], [1000, FAILED], [2000, FAILED]), { backends: web, askInMs: 2000 });
  const many = Array.from({ length: 100 }, (_, i) => [1000 * i, FAILED] as const);
  t.deepEqual(after([0, FOUND], ...many), { backends: web, askInMs: 30_000 });
  t.deepEqual(after([0, FOUND], [0, FAILED], [3_600_000, FAILED]).backends, []);
});

test('failures do not begin the time of negative answers anew', (t) => {
  t.deepEqual(after([0, FOUND], [1000, NONE], [30_000, FAILED], [61_000, NONE]).backends, []);
});

test('where nothing was ever answered, nothing is known; a first negative answer says that there are none', (t) => {
  t.is(after([0, FAILED]).backends, undefined);
  t.deepEqual(after([0, FAILED], [1000, NONE]).backends, []);
});
