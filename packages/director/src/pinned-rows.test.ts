import test from 'ava';
import fc from 'fast-check';
import { maglevTable } from './maglev-table.js';
import {
  type MemberTable,
  nextPinnedRows,
  type PinnedRows,
  type PinnedRowsEvent,
  startPinnedRows,
} from './pinned-rows.js';

const timing = { learnMs: 60, holdMs: 300 };

/** 'a,b' and 'aabb': members a and b, and four rows. */
function table(members: string, rows: string): MemberTable {
  const names = members.split(',').filter((name) => name !== '');
  return { members: names, rows: Array.from(rows, (name) => names.indexOf(name)) };
}
const rowsOf = ({ members, rows }: PinnedRows): string => Array.from(rows, (index) => members[index] ?? '?').join('');
const start = (members: string, rows: string) => startPinnedRows({ table: table(members, rows), ...timing }, 0);

/** At a time: what happens; then what is in force, the kept rows, and when time alone changes more. */
type Step = readonly [
  atMs: number,
  event: readonly [members: string, rows: string] | 'time' | { readonly needed: readonly number[] },
  rows: string,
  kept: readonly number[],
  wakeMs: number | undefined,
];

function eventOf(event: Step[1]): PinnedRowsEvent {
  if (event === 'time') return { kind: 'time' };
  return 'needed' in event
    ? { kind: 'needed', rows: event.needed }
    : { kind: 'want', table: table(event[0], event[1]) };
}

const goes = test.macro((t, from: readonly [string, string], steps: readonly Step[]) => {
  let state = start(...from);
  for (const [atMs, event, rows, kept, wakeMs] of steps) {
    state = nextPinnedRows(state, eventOf(event), atMs);
    t.deepEqual({ rows: rowsOf(state), kept: [...state.keptRows], wakeMs: state.wakeMs }, { rows, kept, wakeMs });
  }
});

test('at the start nothing is kept, and nothing is waited for', (t) => {
  const state = start('a,b', 'aabb');
  t.deepEqual([rowsOf(state), [...state.keptRows], state.wakeMs], ['aabb', [], undefined]);
});

test(
  'a new member learns, takes its rows, and these are kept until nothing needs it',
  goes,
  ['a,b', 'aabb'],
  [
    [1000, ['a,b,c', 'acbc'], 'aabb', [1, 3], 1060],
    [1059, 'time', 'aabb', [1, 3], 1060],
    [1060, 'time', 'acbc', [1, 3], 1360],
    [1360, 'time', 'acbc', [], undefined],
  ],
);

test(
  'a draining member keeps its rows while they learn',
  goes,
  ['a,b', 'aabb'],
  [
    [0, ['a,b', 'bbbb'], 'aabb', [0, 1], 60],
    [60, 'time', 'bbbb', [0, 1], 360],
  ],
);

test(
  "a dead member's rows move at once and are not kept; others that move with them learn",
  goes,
  ['a,b,c', 'aabbcc'],
  [
    [0, ['b,c', 'bcbbbc'], 'bcbbcc', [4], 60],
    [60, 'time', 'bcbbbc', [4], 360],
  ],
);

test(
  'a member that dies while its rows learn loses them at once, and they stay kept',
  goes,
  ['a,b', 'aabb'],
  [
    [0, ['a,b,c', 'acbb'], 'aabb', [1], 60],
    [30, ['b,c', 'ccbb'], 'ccbb', [1], 330],
  ],
);

test(
  'a member that dies before it took its rows never gets them',
  goes,
  ['a,b', 'aabb'],
  [
    [0, ['a,b,c', 'acbb'], 'aabb', [1], 60],
    [30, ['a,b', 'aabb'], 'aabb', [], undefined],
    [60, 'time', 'aabb', [], undefined],
  ],
);

test(
  'a row whose former member is wanted again before it moved stays, and is not kept any more',
  goes,
  ['a,b', 'aabb'],
  [
    [0, ['a,b', 'abbb'], 'aabb', [1], 60],
    [30, ['a,b', 'aabb'], 'aabb', [], undefined],
    [100, ['a,b', 'abbb'], 'aabb', [1], 160],
  ],
);

test(
  'rows that newly move learn for the whole window, those that learn already are not delayed',
  goes,
  ['a,b', 'aabb'],
  [
    [0, ['a,b,c', 'acbb'], 'aabb', [1], 60],
    [40, ['a,b,c,d', 'addb'], 'aabb', [1, 2], 60],
    [60, 'time', 'adbb', [1, 2], 100],
    [100, 'time', 'addb', [1, 2], 360],
  ],
);

test(
  'a row that is held has learned already, and moves again at once',
  goes,
  ['a,b', 'aabb'],
  [
    [0, ['a,b,c', 'acbb'], 'aabb', [1], 60],
    [60, 'time', 'acbb', [1], 360],
    [100, ['a,b,c', 'abbb'], 'abbb', [1], 400],
  ],
);

test(
  'a row that is held goes back to holding when its move is called off',
  goes,
  ['a,b', 'aabb'],
  [
    [0, ['c,b', 'cbbb'], 'cbbb', [], undefined],
    [10, ['c,b', 'bbbb'], 'cbbb', [0], 70],
    [70, 'time', 'bbbb', [0], 370],
  ],
);

test(
  'rows whose flows are still with former members are held on',
  goes,
  ['a,b', 'aabb'],
  [
    [0, ['a,b,c', 'acbc'], 'aabb', [1, 3], 60],
    [60, 'time', 'acbc', [1, 3], 360],
    [350, { needed: [0, 3] }, 'acbc', [1, 3], 360],
    [360, 'time', 'acbc', [3], 650],
    [650, 'time', 'acbc', [], undefined],
  ],
);

test(
  'a member that dies lets all kept rows be held anew, as they may remember it',
  goes,
  ['a,b,c', 'abc'],
  [
    [0, ['a,b,c', 'bbc'], 'abc', [0], 60],
    [60, 'time', 'bbc', [0], 360],
    [350, ['b,c', 'bbc'], 'bbc', [0], 650],
  ],
);

test(
  'a row that moves at once soon after it was kept is kept again, as flows of it may be remembered still',
  goes,
  ['a,b', 'ab'],
  [
    [0, ['a,b', 'bb'], 'ab', [0], 60],
    [10, ['a,b', 'ab'], 'ab', [], undefined],
    [300, ['b', 'bb'], 'bb', [0], 600],
  ],
);

test(
  'a row that moves at once long after it was kept is not',
  goes,
  ['a,b', 'ab'],
  [
    [0, ['a,b', 'bb'], 'ab', [0], 60],
    [10, ['a,b', 'ab'], 'ab', [], undefined],
    [310, 'time', 'ab', [], undefined],
    [320, ['b', 'bb'], 'bb', [], undefined],
  ],
);

test(
  'members may be listed in another order',
  goes,
  ['a,b', 'aabb'],
  [
    [0, ['b,c,a', 'aabb'], 'aabb', [], undefined],
    [0, ['c,a,b', 'acbb'], 'aabb', [1], 60],
  ],
);

test(
  'when nobody is left there are no rows, and rows that were kept are so again with the next member',
  goes,
  ['a,b', 'ab'],
  [
    [0, ['a,b', 'bb'], 'ab', [0], 60],
    [60, 'time', 'bb', [0], 360],
    [100, ['', ''], '', [], 400],
    [110, ['a,b', 'ba'], 'ba', [0], 410],
  ],
);

test(
  'a table of another length starts anew',
  goes,
  ['a,b', 'ab'],
  [
    [0, ['a,b', 'bb'], 'ab', [0], 60],
    [10, ['a,b', 'abab'], 'abab', [], undefined],
  ],
);

test('rows that were kept before a restart are held, and learn before they move again', (t) => {
  const state = startPinnedRows({ table: table('a,b', 'aabb'), keptRows: [2], ...timing }, 1000);
  t.deepEqual([[...state.keptRows], state.wakeMs], [[2], 1300]);
  const next = nextPinnedRows(state, { kind: 'want', table: table('a,b', 'aaab') }, 1010);
  t.deepEqual([rowsOf(next), [...next.keptRows], next.wakeMs], ['aabb', [2], 1060]);
});

test('the state before is left as it was', (t) => {
  const before = start('a,b', 'aabb');
  nextPinnedRows(before, { kind: 'want', table: table('b', 'bbbb') }, 10);
  t.deepEqual(before, start('a,b', 'aabb'));
});

test('of 100 members and one more, the rows that are kept are those that the table moves', (t) => {
  const members = Array.from({ length: 101 }, (_, i) => ({ id: `10.0.0.${i + 1}`, weight: 1 }));
  const tableOf = (list: typeof members) => ({
    members: list.map(({ id }) => id),
    rows: maglevTable({ members: list }),
  });
  const [before, after] = [tableOf(members.slice(0, 100)), tableOf(members)];
  const state = startPinnedRows({ table: before, ...timing }, 0);
  const next = nextPinnedRows(state, { kind: 'want', table: after }, 0);
  const moving = [...before.rows.entries()].filter(([row, index]) => after.rows[row] !== index).map(([row]) => row);
  t.deepEqual([...next.keptRows], moving);
  t.true(moving.length < 0.03 * before.rows.length, `${moving.length}`);
});

const changes = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 100 }),
    alive: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 }),
    rows: fc.array(fc.nat(3), { minLength: 8, maxLength: 8 }),
  }),
  { minLength: 1, maxLength: 30 },
);

test('whatever changes, a row leaves a living member only after it was kept for the window, and in the end all is as wanted', (t) => {
  fc.assert(
    fc.property(changes, (list) => {
      let nowMs = 0;
      let state = startPinnedRows({ table: { members: ['a'], rows: new Uint32Array(8) }, ...timing }, 0);
      const keptSinceMs = new Map<number, number>();
      const go = (event: PinnedRowsEvent) => {
        const next = nextPinnedRows(state, event, nowMs);
        for (const [row, index] of state.rows.entries()) {
          const member = state.members[index] as string;
          if (!next.members.includes(member) || next.members[next.rows[row] as number] === member) continue;
          t.true(nowMs - (keptSinceMs.get(row) ?? nowMs) >= timing.learnMs, `row ${row} at ${nowMs} ms`);
          t.true(next.keptRows.includes(row), `row ${row} at ${nowMs} ms`);
        }
        for (const row of keptSinceMs.keys()) if (!next.keptRows.includes(row)) keptSinceMs.delete(row);
        for (const row of next.keptRows) if (!keptSinceMs.has(row)) keptSinceMs.set(row, nowMs);
        state = next;
      };
      for (const { afterMs, alive, rows } of list) {
        const untilMs = nowMs + afterMs;
        for (; state.wakeMs !== undefined && state.wakeMs <= untilMs; go({ kind: 'time' })) nowMs = state.wakeMs;
        nowMs = untilMs;
        go({ kind: 'want', table: { members: alive, rows: rows.map((choice) => choice % alive.length) } });
      }
      for (; state.wakeMs !== undefined; go({ kind: 'time' })) nowMs = state.wakeMs;
      t.deepEqual([[...state.rows], [...state.keptRows]], [[...state.wanted], []]);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('a row that points at no member is refused', (t) => {
  t.throws(() => startPinnedRows({ table: { members: ['a'], rows: [0, 1] }, ...timing }, 0), {
    code: 'ROWS_INVALID',
    message: /row 1 points at member 1, and there are 1 members/,
  });
});

test('a member that is listed twice is refused', (t) => {
  t.throws(() => start('a,a', 'a'), { code: 'DUPLICATE_MEMBER' });
});
