import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { DEFAULT_TABLE_ROWS, maglevTable } from './maglev-table.js';
import type { WeightedMember } from './weighted-member.js';

const hundred: readonly WeightedMember[] = Array.from({ length: 100 }, (_, i) => ({
  id: `10.0.0.${i + 1}`,
  weight: 1,
}));

function rowsByMember(members: readonly WeightedMember[], table: Uint32Array): number[] {
  const counts = new Array<number>(members.length).fill(0);
  for (const index of table) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
}

/** Those of the members that are a whole row or more away from their fair share. */
function unfair(members: readonly WeightedMember[], table: Uint32Array): string[] {
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  return rowsByMember(members, table).flatMap((rows, index) => {
    const { id, weight } = members[index] as WeightedMember;
    const fair = (table.length * weight) / total;
    return Math.abs(rows - fair) < 1 ? [] : [`${id}: ${rows} rows, fair are ${fair.toFixed(1)}`];
  });
}

test('100 equal members have each 655 or 656 of 65,537 rows', (t) => {
  const counts = rowsByMember(hundred, maglevTable({ members: hundred }));
  t.deepEqual([...new Set(counts)].sort(), [655, 656]);
});

const weightings: readonly (readonly [string, readonly number[]])[] = [
  ['weights from 1 to 100', Array.from({ length: 100 }, (_, i) => i + 1)],
  ['one member with nearly all the weight', [65_535, ...new Array<number>(999).fill(1)]],
  ['a few heavy members among many light ones', Array.from({ length: 1000 }, (_, i) => (i < 10 ? 1000 : 7))],
];
for (const [title, weights] of weightings) {
  test(`${title}: each has its share, to less than one row`, (t) => {
    const members = weights.map((weight, i) => ({ id: `fd00::${i}`, weight }));
    t.deepEqual(unfair(members, maglevTable({ members })), []);
  });
}

test('any weights are kept to less than one row', (t) => {
  const weights = fc.array(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(weights, fc.constantFrom(61, 5003), (list, rows) => {
      const members = list.map((weight, i) => ({ id: `fd00::${i}`, weight }));
      t.deepEqual(unfair(members, maglevTable({ members, rows })), []);
    }),
    { numRuns: 100, seed: 1 },
  );
});

const idsByRow = (members: readonly WeightedMember[]): readonly string[] =>
  Array.from(maglevTable({ members }), (index) => (members[index] as WeightedMember).id);

/**
 * What a change moved beyond what it had to: each row that a member gains must come from another.
 *
 * @returns the share of such rows among those that could stay, 0 to 1
 */
function movedNeedlessly(before: readonly string[], after: readonly string[]): number {
  const gain = new Map<string, number>();
  let moved = 0;
  for (const [row, id] of before.entries()) {
    const now = after[row] as string;
    if (now === id) continue;
    moved++;
    gain.set(now, (gain.get(now) ?? 0) + 1);
    gain.set(id, (gain.get(id) ?? 0) - 1);
  }
  const needed = [...gain.values()].reduce((sum, rows) => sum + Math.max(0, rows), 0);
  return (moved - needed) / (before.length - needed);
}

for (const [title, weightAt] of [
  ['equal', () => 1],
  ['of weights 1 to 100', (i: number) => i + 1],
] as const) {
  test(`removing any 1 of 100 members, ${title}, moves at most 2 % of the rows that did not have to move`, (t) => {
    const members = hundred.map(({ id }, i) => ({ id, weight: weightAt(i) }));
    const before = idsByRow(members);
    for (const gone of members) {
      const share = movedNeedlessly(before, idsByRow(members.filter((member) => member !== gone)));
      t.true(share <= 0.02, `without ${gone.id}: ${(100 * share).toFixed(2)} %`);
    }
  });
}

for (const weight of [0, 1, 50, 99, 101, 150, 200, 1000]) {
  test(`1 of 100 members going from weight 100 to ${weight} moves at most 2 % of the rows that did not have to`, (t) => {
    const before = hundred.map(({ id }) => ({ id, weight: 100 }));
    const after = before.map((member, i) => (i === 42 ? { ...member, weight } : member));
    const share = movedNeedlessly(idsByRow(before), idsByRow(after));
    t.true(share <= 0.02, `${(100 * share).toFixed(2)} %`);
  });
}

test("equal members give the table of the paper's pseudocode", (t) => {
  const rows = 1009;
  const members = hundred.slice(0, 7);
  const ids = members.map(({ id }) => id).sort();
  const permutation = ids.map((id) => {
    const digest = createHash('sha256').update(id).digest('hex');
    const offset = Number(BigInt(`0x${digest.slice(0, 16)}`) % BigInt(rows));
    const skip = Number(BigInt(`0x${digest.slice(16, 32)}`) % BigInt(rows - 1)) + 1;
    return Array.from({ length: rows }, (_, j) => (offset + j * skip) % rows);
  });
  const next = ids.map(() => 0);
  const entry = new Map<number, string>();
  for (let i = 0; entry.size < rows; i = (i + 1) % ids.length) {
    const wanted = () => permutation[i]?.[next[i] as number] as number;
    while (entry.has(wanted())) next[i] = (next[i] as number) + 1;
    entry.set(wanted(), ids[i] as string);
  }
  t.deepEqual(
    Array.from(maglevTable({ members, rows }), (index) => members[index]?.id),
    Array.from({ length: rows }, (_, row) => entry.get(row)),
  );
});

test('the table does not depend on the order in which members are given', (t) => {
  const members = hundred.slice(0, 20).map(({ id }, i) => ({ id, weight: 1 + (i % 5) }));
  const named = (list: readonly WeightedMember[]) =>
    Array.from(maglevTable({ members: list, rows: 5003 }), (i) => list[i]?.id);
  const expected = named(members);
  fc.assert(
    fc.property(fc.shuffledSubarray(members, { minLength: members.length }), (shuffled) => {
      t.deepEqual(named(shuffled), expected);
    }),
    { numRuns: 20, seed: 1 },
  );
});

test('a member of weight 0 takes no row and changes nothing for the others', (t) => {
  const members = [
    { id: 'a', weight: 3 },
    { id: 'b', weight: 0 },
    { id: 'c', weight: 2 },
  ];
  const table = maglevTable({ members, rows: 251 });
  t.is(rowsByMember(members, table)[1], 0);
  const without = maglevTable({ members: members.filter(({ weight }) => weight > 0), rows: 251 });
  t.deepEqual(
    Array.from(table, (i) => members[i]?.id),
    Array.from(without, (i) => ['a', 'c'][i]),
  );
});

test('these members give this table, on every machine', (t) => {
  const members = [
    { id: '10.0.0.21', weight: 1 },
    { id: '10.0.0.22', weight: 1 },
    { id: '10.0.0.23', weight: 2 },
  ];
  t.deepEqual([...maglevTable({ members, rows: 13 })], [0, 2, 2, 1, 0, 1, 2, 0, 1, 2, 2, 2, 2]);
});

test('the default has 65,537 rows', (t) => {
  t.is(maglevTable({ members: hundred.slice(0, 1) }).length, DEFAULT_TABLE_ROWS);
});

const refused: readonly (readonly [string, readonly WeightedMember[], number, string, RegExp])[] = [
  ['no member with weight', [{ id: 'a', weight: 0 }], 13, 'NO_MEMBER', /no member has a weight above 0/],
  [
    'the same member twice',
    [
      { id: 'a', weight: 1 },
      { id: 'a', weight: 2 },
    ],
    13,
    'DUPLICATE_MEMBER',
    /"a" is given twice/,
  ],
  [
    'a negative weight',
    [{ id: 'a', weight: -1 }],
    13,
    'WEIGHT_INVALID',
    /"a" has weight -1, not an integer from 0 to 65535/,
  ],
  ['a weight with a fraction', [{ id: 'a', weight: 0.5 }], 13, 'WEIGHT_INVALID', /weight 0\.5/],
  ['a number of rows that is no prime', [{ id: 'a', weight: 1 }], 65536, 'ROWS_INVALID', /65536 is none/],
  ['more members than rows', hundred, 13, 'ROWS_INVALID', /100 members don't fit 13 rows/],
];
for (const [title, members, rows, code, message] of refused) {
  test(`${title} is refused`, (t) => {
    t.throws(() => maglevTable({ members, rows }), { code, message });
  });
}
