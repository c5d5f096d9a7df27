import type { NodeCondition } from '@weir/control';
import test from 'ava';
import { isDue } from './condition-pace.js';

const quiet: NodeCondition = {
  sessions: { up: 1, configured: 1 },
  tables: 'abc',
  replication: 'none',
  connections: 0,
  packets: 0,
  errors: 0,
  backends: { usable: 2, all: 2 },
};

/** Told at 0 as `quiet`; is it due after so many ms? */
const dueAfter = (nowMs: number, change: Partial<NodeCondition>, rolling = false) =>
  isDue({ ...quiet, ...change }, { condition: quiet, atMs: 0 }, { nowMs, rolling });

test('the first condition is due, and one that is the same never is', (t) => {
  t.true(isDue(quiet, undefined, { nowMs: 0, rolling: false }));
  t.false(dueAfter(1_000_000, {}, true));
});

for (const [what, change] of [
  ['a session that went down', { sessions: { up: 0, configured: 1 } }],
  ['other tables', { tables: 'abd' }],
  ['a store that is behind', { replication: 'behind' }],
  ['a backend that is not usable', { backends: { usable: 1, all: 2 } }],
  ['a followed backend', { followed: { 'web/a': { usable: true, connections: 0 } } }],
  ['the step of a rollout that is in force', { rolloutStep: 'grow/1' }],
] as const satisfies readonly (readonly [string, Partial<NodeCondition>])[]) {
  test(`${what} is told at once`, (t) => t.true(dueAfter(1, change)));
}

test('counts are told every 5 min, and every second while a rollout is under way', (t) => {
  for (const change of [{ packets: 7 }, { errors: 1 }, { connections: 3 }]) {
    t.deepEqual([dueAfter(299_999, change), dueAfter(300_000, change)], [false, true]);
    t.deepEqual([dueAfter(999, change, true), dueAfter(1_000, change, true)], [false, true]);
  }
});
