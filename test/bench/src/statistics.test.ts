import test from 'ava';
import { percentile, summarize } from './statistics.js';

test('the median of an odd number of values is the one in the middle, whatever their order', (t) => {
  t.is(summarize([9, 1, 100]).median, 9);
});

test('the median of an even number of values is the mean of the two in the middle', (t) => {
  t.is(summarize([4, 1, 2, 100]).median, 3);
});

test('the spread is half the range, relative to the median', (t) => {
  t.is(summarize([90, 100, 110]).spread, 0.1);
});

test('a single value has no spread, and neither have zeros', (t) => {
  t.is(summarize([5]).spread, 0);
  t.is(summarize([0, 0]).spread, 0);
});

test('values keep the order in which they were measured', (t) => {
  t.deepEqual(summarize([3, 1, 2]).values, [3, 1, 2]);
});

test('there is no median of nothing', (t) => {
  t.throws(() => summarize([]), { message: /no median/ });
});

test('a percentile is a value that was measured, by nearest rank', (t) => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  t.deepEqual([percentile(values, 0.99), percentile(values, 0.5), percentile(values, 1)], [198, 100, 200]);
  t.is(percentile([7], 0.99), 7);
});
