import test from 'ava';
import { WrappingCounts } from './wrapping-counts.js';

test('a count that wraps goes on above 32 bits, each slot for itself', (t) => {
  const counts = new WrappingCounts(2);
  t.is(counts.continued(0, 4_294_967_290), 4_294_967_290);
  t.is(counts.continued(0, 4), 4_294_967_300);
  t.is(counts.continued(0, 3), 2 ** 33 + 3);
  t.is(counts.continued(1, 3), 3);
});

test('a slot that begins anew does not take its 0 for a wrap', (t) => {
  const counts = new WrappingCounts(1);
  counts.continued(0, 1000);
  counts.restart(0);
  t.is(counts.continued(0, 1), 1);
});
