import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HealthCheck } from '@weir/health';
import test from 'ava';
import { FirstVerdicts } from './first-verdicts.js';

const slow: HealthCheck = {
  probe: { kind: 'tcp' },
  intervalMs: 60_000,
  fastIntervalMs: 60_000,
  timeoutMs: 1000,
  rise: 2,
  fall: 3,
};

async function isReached(first: FirstVerdicts): Promise<boolean> {
  let reached = false;
  void first.reached.then(() => {
    reached = true;
  });
  await nextTurn();
  return reached;
}

test('without checks there is nothing to wait for', async (t) => {
  const first = new FirstVerdicts();
  first.expect([]);
  t.true(await isReached(first));
});

test('it ends when each backend is known to be well or down, and not at a first bad probe', async (t) => {
  const first = new FirstVerdicts();
  first.expect(['one', 'two'].map((id) => ({ id, check: slow })));
  first.learn('one', true, 'up');
  first.learn('two', false, 'up');
  t.false(await isReached(first));
  first.learn('two', false, 'down');
  t.true(await isReached(first));
});

test('answers that do not come end it after the time that they had', async (t) => {
  const first = new FirstVerdicts();
  const quick = { ...slow, fastIntervalMs: 10, timeoutMs: 10 };
  const beganMs = performance.now();
  first.expect([{ id: 'one', check: quick }]);
  await first.reached;
  t.true(performance.now() - beganMs >= 55);
});
