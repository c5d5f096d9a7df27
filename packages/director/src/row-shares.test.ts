import test from 'ava';
import fc from 'fast-check';
import { rowShares } from './row-shares.js';

test('what divides is divided, and the largest remainders get what is left', (t) => {
  t.deepEqual(rowShares([1, 1, 2], 8), [2, 2, 4]);
  // Fair are 2.6, 5.2 and 5.2.
  t.deepEqual(rowShares([1, 2, 2], 13), [3, 5, 5]);
});

test('of equals the first get what is left', (t) => {
  t.deepEqual(rowShares([1, 1, 1], 5), [2, 2, 1]);
});

test('a weight of 0 gets nothing', (t) => {
  t.deepEqual(rowShares([0, 3, 0, 1], 7), [0, 5, 0, 2]);
});

test('all rows are given, and no share is a whole row away from the fair one', (t) => {
  const weights = fc.array(fc.integer({ min: 0, max: 65_535 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(
      weights.filter((list) => list.some((weight) => weight > 0)),
      fc.constantFrom(251, 65_537),
      (list, rows) => {
        const total = list.reduce((sum, weight) => sum + weight, 0);
        const shares = rowShares(list, rows);
        t.is(
          shares.reduce((sum, share) => sum + share, 0),
          rows,
        );
        t.deepEqual(
          shares.filter((share, i) => Math.abs(share - (rows * (list[i] as number)) / total) >= 1),
          [],
        );
      },
    ),
    { seed: 1 },
  );
});
