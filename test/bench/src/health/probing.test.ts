import test from 'ava';
import { largestBurst } from './probing.js';

test('the largest burst is the most times within any window, wherever it begins', (t) => {
  t.is(largestBurst([0, 5, 9, 10, 14, 30], 10), 4);
  t.is(largestBurst([30, 0, 10, 20], 10), 1);
  t.is(largestBurst([], 10), 0);
});
