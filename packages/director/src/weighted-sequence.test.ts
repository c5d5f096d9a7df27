import test from 'ava';
import fc from 'fast-check';
import type { WeightedMember } from './weighted-member.js';
import { DEFAULT_SEQUENCE_ROWS, weightedSequence } from './weighted-sequence.js';

const membersOf = (weights: readonly number[]): WeightedMember[] =>
  weights.map((weight, i) => ({ id: `10.0.${i >> 8}.${i & 255}`, weight }));
const letters = (weights: Readonly<Record<string, number>>, maxRows?: number): string => {
  const members = Object.entries(weights).map(([id, weight]) => ({ id, weight }));
  return Array.from(weightedSequence(members, maxRows), (index) => members[index]?.id).join('');
};

function turnsOf(weights: readonly number[], maxRows?: number): number[] {
  const turns = weights.map(() => 0);
  for (const index of weightedSequence(membersOf(weights), maxRows)) turns[index] = (turns[index] as number) + 1;
  return turns;
}

const sequences: readonly (readonly [string, Readonly<Record<string, number>>, string])[] = [
  ["weights 5, 1, 1 give nginx's sequence", { a: 5, b: 1, c: 1 }, 'aabacaa'],
  ['equal weights take turns in the order of their ids', { b: 7, a: 7, c: 7 }, 'abc'],
  ['weights 4, 3, 2 are spread over the period', { a: 4, b: 3, c: 2 }, 'abcabacab'],
  ['what the weights have in common is divided out', { a: 300, b: 100 }, 'aaba'],
  ['a member of weight 0 is left out', { a: 2, b: 0, c: 1 }, 'aca'],
  ['one member is the whole sequence', { a: 40 }, 'a'],
  ['two members in a row are avoided where credit alone would not', { a: 10, b: 4, c: 7 }, 'acbacabacacabacacabac'],
];
for (const [title, weights, expected] of sequences) test(title, (t) => t.is(letters(weights), expected));

const someWeights = fc
  .array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 })
  .filter((weights) => weights.reduce((a, b) => a + b) <= DEFAULT_SEQUENCE_ROWS);

test('each member has exactly its share of a period', (t) => {
  fc.assert(
    fc.property(someWeights, (weights) => {
      const turns = turnsOf(weights);
      const total = weights.reduce((a, b) => a + b);
      const period = turns.reduce((a, b) => a + b);
      t.deepEqual(
        turns.map((count) => count * total),
        weights.map((weight) => weight * period),
      );
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('nobody has two turns in a row, around the end too, but one that outweighs all others, and no more than it must', (t) => {
  fc.assert(
    fc.property(someWeights, (weights) => {
      const sequence = weightedSequence(membersOf(weights));
      const repeated = sequence.filter((index, row) => index === sequence[(row + 1) % sequence.length]);
      const total = weights.reduce((a, b) => a + b);
      const needed = Math.max(0, 2 * Math.max(...weights) - total) / (total / sequence.length);
      t.is(repeated.length, needed, `weights ${weights}: ${sequence}`);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

test('nobody is ever more than two turns ahead of or behind its share', (t) => {
  fc.assert(
    fc.property(someWeights, (weights) => {
      const total = weights.reduce((a, b) => a + b);
      const turns = weights.map(() => 0);
      for (const [row, index] of weightedSequence(membersOf(weights)).entries()) {
        turns[index] = (turns[index] as number) + 1;
        const ahead = turns.map((count, i) => Math.abs(count - ((row + 1) * (weights[i] as number)) / total));
        t.true(Math.max(...ahead) <= 2, `weights ${weights}, row ${row}`);
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('the sequence does not depend on the order in which members are given', (t) => {
  const members = membersOf([5, 3, 3, 2, 1, 8]);
  const named = (list: readonly WeightedMember[]) => Array.from(weightedSequence(list), (i) => list[i]?.id);
  const expected = named(members);
  fc.assert(
    fc.property(fc.shuffledSubarray(members, { minLength: members.length }), (shuffled) => {
      t.deepEqual(named(shuffled), expected);
    }),
    { seed: 1 },
  );
});

test('a period of more than 4,096 rows is scaled to 4,096, each member less than one row from its share', (t) => {
  const weights = [65_535, 32_767, 1021, 40_000];
  const total = weights.reduce((a, b) => a + b);
  const turns = turnsOf(weights);
  t.is(
    turns.reduce((a, b) => a + b),
    4096,
  );
  t.deepEqual(
    turns.filter((count, i) => Math.abs(count - (4096 * (weights[i] as number)) / total) >= 1),
    [],
  );
});

test('a member whose share is a fraction of a row has one row, and a row goes to whoever is left without', (t) => {
  t.deepEqual(turnsOf([65_535, 1, 1], 100), [98, 1, 1]);
  // Of 10 rows b has 0.7, c to g 0.1 each; once those five have their rows, b's share is less than one of the rest.
  t.deepEqual(turnsOf([8800, 700, 101, 99, 100, 103, 97], 10), [4, 1, 1, 1, 1, 1, 1]);
});

const refused: readonly (readonly [string, readonly WeightedMember[], number, string, RegExp])[] = [
  ['no member with weight', membersOf([0, 0]), 10, 'NO_MEMBER', /no member has a weight above 0/],
  ['more members than rows', membersOf([1, 1, 1]), 2, 'ROWS_INVALID', /3 members don't fit a sequence of 2 rows/],
  ['a fraction of a row', membersOf([1]), 2.5, 'ROWS_INVALID', /2\.5 rows/],
];
for (const [title, members, maxRows, code, message] of refused) {
  test(`${title} is refused`, (t) => {
    t.throws(() => weightedSequence(members, maxRows), { code, message });
  });
}
