import test from 'ava';
import fc from 'fast-check';
import { DEFAULT_TABLE_ROWS } from './maglev-table.js';
import { rendezvousTable } from './rendezvous-table.js';
import type { WeightedMember } from './weighted-member.js';

const membersOf = (weights: readonly number[]): WeightedMember[] =>
  weights.map((weight, i) => ({ id: `10.0.0.${i + 1}`, weight }));

const namesOf = (members: readonly WeightedMember[], rows = 997): (string | undefined)[] =>
  Array.from(rendezvousTable({ members, rows }), (index) => members[index]?.id);

/** Pearson's chi-square of the rows that members have against those that they should. */
function chiSquare(members: readonly WeightedMember[], table: Uint32Array): number {
  const counts = members.map(() => 0);
  for (const index of table) counts[index] = (counts[index] as number) + 1;
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  return members.reduce((sum, { weight }, i) => {
    const fair = (table.length * weight) / total;
    return sum + ((counts[i] as number) - fair) ** 2 / fair;
  }, 0);
}

const weightings: readonly (readonly [string, readonly number[]])[] = [
  ['100 equal members', new Array<number>(100).fill(1)],
  ['100 members of weights 1 to 100', Array.from({ length: 100 }, (_, i) => i + 1)],
  ['100 members, ten of them 150 times as heavy', Array.from({ length: 100 }, (_, i) => (i < 10 ? 1500 : 10))],
];
for (const [title, weights] of weightings) {
  test(`${title}: rows are shared by weight, as evenly as chance makes them`, (t) => {
    const members = membersOf(weights);
    // 99 degrees of freedom: 1 of 1,000 fair tables is above 148.2, 1 of 1,000 below 61.1.
    const deviation = chiSquare(members, rendezvousTable({ members }));
    t.true(deviation > 61.1 && deviation < 148.2, `${deviation}`);
  });
}

test('who is second in the rows of a member is fair too: members do not follow each other', (t) => {
  const members = membersOf(new Array<number>(20).fill(1));
  const first = rendezvousTable({ members });
  for (const [gone] of members.slice(0, 5).entries()) {
    const others = members.map((member, i) => (i === gone ? { ...member, weight: 0 } : member));
    const second = rendezvousTable({ members: others }).filter((_, row) => first[row] === gone);
    const rest = others.filter(({ weight }) => weight > 0);
    const deviation = chiSquare(
      rest,
      second.map((index) => (index > gone ? index - 1 : index)),
    );
    // 18 degrees of freedom: 1 of 10,000 fair ones is above 48.
    t.true(deviation < 48, `without ${gone}: ${deviation}`);
  }
});

const someWeights = fc.array(fc.integer({ min: 0, max: 65_535 }), { minLength: 1, maxLength: 30 });

test('a change of one weight moves only rows that this member gains or loses, whatever the weights', (t) => {
  const change = fc.record({ weights: someWeights, at: fc.nat(), to: fc.integer({ min: 0, max: 65_535 }) });
  fc.assert(
    fc.property(change, ({ weights, at, to }) => {
      const before = membersOf([...weights, 1]);
      const after = before.map((member, i) => (i === at % weights.length ? { ...member, weight: to } : member));
      const { id, weight } = before[at % weights.length] as WeightedMember;
      const rowsAfter = namesOf(after);
      for (const [row, name] of namesOf(before).entries()) {
        if (name === rowsAfter[row]) continue;
        t.is(to > weight ? rowsAfter[row] : name, id, `row ${row} went from ${name} to ${rowsAfter[row]}`);
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('the table does not depend on the order in which members are given', (t) => {
  const members = membersOf([1, 2, 3, 4, 5, 5, 5, 100]);
  const expected = namesOf(members);
  fc.assert(
    fc.property(fc.shuffledSubarray(members, { minLength: members.length }), (shuffled) => {
      t.deepEqual(namesOf(shuffled), expected);
    }),
    { seed: 1, numRuns: 50 },
  );
});

test('weights count by their proportion alone', (t) => {
  t.deepEqual(namesOf(membersOf([1, 2, 5])), namesOf(membersOf([1000, 2000, 5000])));
});

test('these members give this table, on every machine', (t) => {
  t.deepEqual(
    [...rendezvousTable({ members: membersOf([1, 1, 2]), rows: 16 })],
    [0, 2, 2, 0, 1, 2, 2, 2, 2, 0, 0, 1, 0, 2, 2, 0],
  );
});

test('the default has as many rows as that of a Maglev table', (t) => {
  t.is(rendezvousTable({ members: membersOf([1]) }).length, DEFAULT_TABLE_ROWS);
});

const refused: readonly (readonly [string, readonly WeightedMember[], number, string, RegExp])[] = [
  ['no member with weight', membersOf([0]), 13, 'NO_MEMBER', /no member has a weight above 0/],
  ['a weight above 65,535', membersOf([65_536]), 13, 'WEIGHT_INVALID', /weight 65536/],
  ['a table without rows', membersOf([1]), 0, 'ROWS_INVALID', /1 to 16777216 rows, not 0/],
];
for (const [title, members, rows, code, message] of refused) {
  test(`${title} is refused`, (t) => {
    t.throws(() => rendezvousTable({ members, rows }), { code, message });
  });
}
