import test from 'ava';
import { TakeoverRate } from './takeover-rate.js';

test('a twentieth of a second comes at once, the rest as the clock goes', (t) => {
  let nowMs = 1000;
  const rate = new TakeoverRate(() => nowMs);
  const admitted = () => Array.from({ length: 1000 }, () => rate.admits(1000)).filter(Boolean).length;
  t.is(admitted(), 51);
  t.is(admitted(), 0);
  nowMs += 10;
  t.is(admitted(), 10);
  nowMs += 60_000;
  t.is(admitted(), 51, 'a pause is not saved up');
});

test('one a second is one a second', (t) => {
  let nowMs = 0;
  const rate = new TakeoverRate(() => nowMs);
  const seconds = Array.from({ length: 100 }, () => {
    nowMs += 100;
    return rate.admits(1);
  });
  t.is(seconds.filter(Boolean).length, 10);
});
