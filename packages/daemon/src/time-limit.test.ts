import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import { TimeLimit } from './time-limit.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const never = new AbortController().signal;

/** What a loop does that looks at the signal in between. */
async function looksUntilAborted(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await wait(20, undefined, { signal }).catch(() => {});
    collectGarbage();
  }
}

test('the time is up, however often garbage is collected', async (t) => {
  const { signal } = new TimeLimit(100, never);
  await t.notThrowsAsync(looksUntilAborted(signal));
  t.is((signal.reason as Error).message, 'more than 100 ms');
});

test('it aborts with the other signal, for its reason', async (t) => {
  const outer = new AbortController();
  using limit = new TimeLimit(60_000, outer.signal);
  const aborted = once(limit.signal, 'abort');
  outer.abort('SIGTERM');
  await aborted;
  t.is(limit.signal.reason, 'SIGTERM');
});

test('it is aborted at once where the other signal is', (t) => {
  using limit = new TimeLimit(60_000, AbortSignal.abort('earlier'));
  t.is(limit.signal.reason, 'earlier');
});

test('a time that no timer can count is long', async (t) => {
  using limit = new TimeLimit(Number.POSITIVE_INFINITY, never);
  await wait(5);
  t.false(limit.signal.aborted);
});

test('one that is disposed of aborts no more', async (t) => {
  const outer = new AbortController();
  const limit = new TimeLimit(1, outer.signal);
  limit[Symbol.dispose]();
  outer.abort();
  await wait(20);
  t.false(limit.signal.aborted);
});
