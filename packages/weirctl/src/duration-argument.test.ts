import test from 'ava';
import { durationArgument } from './duration-argument.js';

test('durations carry their unit', (t) => {
  t.deepEqual(
    ['500ms', '90s', '1.5m', '1h', '2d'].map(durationArgument),
    [500, 90_000, 90_000, 3_600_000, 172_800_000],
  );
});

test('a number without unit is refused with an example', (t) => {
  t.throws(() => durationArgument('90'), { message: 'Write a number with its unit, such as 90s, 15m or 1h.' });
});
