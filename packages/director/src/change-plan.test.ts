import test from 'ava';
import fc from 'fast-check';
import { planChange } from './change-plan.js';
import type { ChoiceMember, MemberState } from './choice-member.js';
import { CHOICE_ROWS } from './choice-table.js';

const limits = { fillMs: 3_600_000, drainLimitMs: 7_200_000 };
const table = { seed: Buffer.from('34567890123456783456789012345678', 'hex'), choices: 3 };

function members(...numbers: readonly number[]): ChoiceMember[] {
  return numbers.map((n) => ({ id: `web${n}`, address: `10.3.0.${n}`, state: 'active', healthy: true }));
}

test('a change by steps puts no row at risk, at once it would', async (t) => {
  const [current, wanted] = [members(1, 2, 3, 4, 5), members(3, 4, 5, 6, 7)];
  const plan = await planChange({ table, current, wanted, limits, flows: 100_000 });
  t.deepEqual(plan.blocked, []);
  t.like(plan.whole, { rowsAtRisk: 0, flowsAtRisk: 0 });
  // The rows of the two that leave, and a few whose former first choice became the fourth.
  const { rowsAtRisk, flowsAtRisk = 0 } = plan.atOnce;
  t.true(rowsAtRisk >= 0.38 * CHOICE_ROWS && rowsAtRisk < 0.5 * CHOICE_ROWS, `${rowsAtRisk}`);
  t.is(flowsAtRisk, Math.round((rowsAtRisk / CHOICE_ROWS) * 100_000));
});

test('a member that joins moves its share of the rows, and nothing else moves', async (t) => {
  const { steps } = await planChange({ table, current: members(1, 2, 3), wanted: members(1, 2, 3, 4), limits });
  t.deepEqual(
    steps.map(({ transitions }) => transitions.length),
    [1, 1],
  );
  t.true(Math.abs((steps[0]?.change.rowsMoved ?? 0) - CHOICE_ROWS / 4) < 1000);
  t.deepEqual(steps[1]?.change, { rowsMoved: 0, rowsAtRisk: 0 });
});

test('flows are counted by member where it is known how many each has', async (t) => {
  const flows = new Map([
    ['10.3.0.1', 9000],
    ['10.3.0.2', 10],
  ]);
  const { atOnce } = await planChange({ table, current: members(1, 2, 3), wanted: members(2, 3), limits, flows });
  t.is(atOnce.flowsAtRisk, 9000);
});

test('a drain that is cut short by its limit puts nobody else at risk', async (t) => {
  const short = { fillMs: 1000, drainLimitMs: 0 };
  const { whole } = await planChange({ table, current: members(1, 2, 3), wanted: members(2, 3), limits: short });
  t.is(whole.rowsAtRisk, 0);
});

/** Members out of eight entries of seven addresses, at rest; one is always there. */
const membership = fc
  .record({
    ids: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
    states: fc.array(fc.constantFrom<MemberState>('active', 'active', 'inactive'), {
      minLength: 8,
      maxLength: 8,
    }),
  })
  .map(({ ids, states }) => [
    ...members(0),
    ...ids.map((n): ChoiceMember => {
      const state = states[n] ?? 'active';
      // The seventh is one more entry of the sixth's address.
      return n === 7
        ? { id: 'web6#1', address: '10.3.0.6', label: '1', state, healthy: true }
        : { id: `web${n}`, address: `10.3.0.${n}`, state, healthy: true };
    }),
  ]);

test('whatever is wanted, a plan reaches it, and puts no row at risk', async (t) => {
  const run = fc.asyncProperty(membership, membership, fc.integer({ min: 2, max: 4 }), async (from, to, choices) => {
    const plan = await planChange({ table: { ...table, choices }, current: from, wanted: to, limits });
    const reached = new Map((plan.steps.at(-1)?.members ?? from).map(({ id, state }) => [id, state]));
    t.deepEqual(plan.blocked, []);
    for (const { id, state } of to) t.is(reached.get(id) ?? 'inactive', state, id);
    t.is(plan.whole.rowsAtRisk, 0);
  });
  await t.notThrowsAsync(fc.assert(run, { numRuns: 15 }));
});
