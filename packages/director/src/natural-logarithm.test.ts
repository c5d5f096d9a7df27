import test from 'ava';
import fc from 'fast-check';
import { naturalLogarithm } from './natural-logarithm.js';

test('the logarithm of 1 is 0, of 2 ln 2, of a half -ln 2, to the last bit', (t) => {
  t.deepEqual([1, 2, 0.5].map(naturalLogarithm), [0, Math.LN2, -Math.LN2]);
});

test('no logarithm is further from the exact one than 4 units in the last place of a double', (t) => {
  const unit = 2 ** -52;
  fc.assert(
    fc.property(fc.double({ min: 2 ** -40, max: 2 ** 40, noNaN: true }), (value) => {
      const exact = Math.log(value); // right to 1 unit here; only its last bit is not everywhere the same
      t.true(Math.abs(naturalLogarithm(value) - exact) <= 4 * unit * Math.abs(exact) + unit / 4, `${value}`);
    }),
    { numRuns: 20_000, seed: 1 },
  );
});

test('these numbers have these logarithms, on every machine', (t) => {
  t.deepEqual(
    [0.5 / 2 ** 32, 0.1, 0.7, 1 - 2 ** -33].map(naturalLogarithm),
    [
      -22.873856958478193,
      // biome-ignore lint/suspicious/noApproximativeNumericConstant: the last bit is what is tested
      -2.3025850929940455, -0.3566749439387324, -1.1641532183371108e-10,
    ],
  );
});
