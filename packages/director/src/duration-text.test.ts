import test from 'ava';
import { durationText } from './duration-text.js';

test('a duration shows its two largest units', (t) => {
  const texts = [0, 0.5, 12, 1000, 61_000, 5_400_000, 3_600_000, 3_601_000, 90_061_000].map(durationText);
  t.deepEqual(texts, ['0s', '0s', '12ms', '1s', '1m1s', '1h30m', '1h', '1h', '25h1m']);
});
