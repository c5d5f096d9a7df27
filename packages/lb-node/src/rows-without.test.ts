import { CHOICE_ROWS, NO_CHOICE } from '@weir/director';
import test from 'ava';
import { rowsWithout } from './rows-without.js';

/** The same choices in all rows. */
function rowsOf(...choices: readonly number[]): Uint16Array {
  return Uint16Array.from(
    { length: CHOICE_ROWS * choices.length },
    (_, place) => choices[place % choices.length] as number,
  );
}

const leaves = test.macro(
  (t, choices: readonly number[], gone: readonly number[], left: readonly number[], inLieu: number = 9) => {
    const rows = rowsOf(...choices);
    t.deepEqual(rowsWithout(rows, gone, inLieu), rowsOf(...left));
    t.deepEqual(rows, rowsOf(...choices));
  },
);

test('who stands after one that is gone moves up', leaves, [3, 1, 4, 2], [1], [3, 4, 2, NO_CHOICE]);
test(
  'those that stay keep their order when several are gone',
  leaves,
  [3, 1, 4, 2],
  [3, 4],
  [1, 2, NO_CHOICE, NO_CHOICE],
);
test('an empty place stays at the end', leaves, [3, 1, NO_CHOICE], [1], [3, NO_CHOICE, NO_CHOICE]);
test('a row without anybody has who stands in', leaves, [3, 1], [3, 1], [9, NO_CHOICE]);
test('a row in which nobody is gone stays as it is', leaves, [3, 1], [2], [3, 1]);
