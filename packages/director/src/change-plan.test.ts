import test from 'ava';
import { planChange } from './change-plan.js';
import type { ChoiceMember } from './choice-member.js';
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
