import test from 'ava';
import fc from 'fast-check';
import { DEFAULT_TABLE_ROWS, maglevTable, type WeightedMember } from './maglev-table.js';

const hundred: readonly WeightedMember[] = Array.from({ length: 100 }, (_, i) => ({
  id: `10.0.0.${i + 1}`,
  weight: 1,
}));

function rowsByMember(members: readonly WeightedMember[], table: Uint32Array): number[] {
  const counts = new Array<number>(members.length).fill(0);
  for (const index of table) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
}

function assertBalanced(members: readonly WeightedMember[], table: Uint32Array): string[] {
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  return rowsByMember(members, table).flatMap((rows, index) => {
    const { id, weight } = members[index] as WeightedMember;
    const fair = (table.length * weight) / total;
    return Math.abs(rows - fair) <= Math.max(fair / 100, 1) ? [] : [`${id}: ${rows} rows, fair are ${fair.toFixed(1)}`];
  });
}

test('100 equal members have each 655 or 656 of 65,537 rows', (t) => {
  const counts = rowsByMember(hundred, maglevTable({ members: hundred }));
  t.deepEqual([...new Set(counts)].sort(), [655, 656]);
});

test('weights from 1 to 100 are kept within 1 % or one row', (t) => {
  const members = hundred.map(({ id }, i) => ({ id, weight: i + 1 }));
  t.deepEqual(assertBalanced(members, maglevTable({ members })), []);
});

test('any weights are kept within 1 % or one row', (t) => {
  const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(weights, (list) => {
      const members = list.map((weight, i) => ({ id: `fd00::${i}`, weight }));
      t.deepEqual(assertBalanced(members, maglevTable({ members })), []);
    }),
    { numRuns: 50, seed: 1 },
  );
});

test('removing any 1 of 100 members moves at most 2 % of the rows that did not have to move', (t) => {
  const before = maglevTable({ members: hundred });
  for (const gone of hundred) {
    const rest = hundred.filter((member) => member !== gone);
    const after = maglevTable({ members: rest });
    let stayed = 0;
    let moved = 0;
    for (let row = 0; row < before.length; row++) {
      const old = hundred[before[row] as number];
      if (old === gone) continue;
      stayed++;
      if (rest[after[row] as number] !== old) moved++;
    }
    t.true(moved / stayed <= 0.02, `without ${gone.id}: ${moved} of ${stayed}`);
  }
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
