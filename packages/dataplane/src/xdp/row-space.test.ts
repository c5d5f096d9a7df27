import test from 'ava';
import { RowSpace } from './row-space.js';

test('runs lie side by side and fill the gap that one leaves', (t) => {
  const space = new RowSpace(10, 0);
  const [a, b] = [space.acquire(4, 0), space.acquire(4, 0)];
  t.deepEqual(
    [a, b],
    [
      { first: 0, lines: 4 },
      { first: 4, lines: 4 },
    ],
  );
  t.is(space.acquire(4, 0), undefined);
  if (a !== undefined) space.release(a, 1);
  t.deepEqual(space.acquire(3, 2), { first: 0, lines: 3 });
});

test('a run that was given back rests before it is handed out again', (t) => {
  const space = new RowSpace(4, 1000);
  const run = space.acquire(4, 0);
  if (run !== undefined) space.release(run, 100);
  t.is(space.acquire(1, 1099), undefined);
  t.deepEqual(space.acquire(1, 1100), { first: 0, lines: 1 });
});

test('a claim that overlaps another or lies outside is refused', (t) => {
  const space = new RowSpace(10, 0);
  t.true(space.claim({ first: 2, lines: 4 }));
  t.false(space.claim({ first: 5, lines: 1 }));
  t.false(space.claim({ first: 8, lines: 3 }));
  t.true(space.claim({ first: 6, lines: 4 }));
});
