import test from 'ava';
import { backoffMs } from './backoff.js';

test('attempts to connect come ever later, up to two seconds, and never at once', (t) => {
  const delays = Array.from({ length: 100 }, (_, attempt) => backoffMs(attempt + 1));
  t.true(
    delays.every((ms) => ms >= 50 && ms <= 2_000),
    `${delays}`,
  );
  t.true(delays.slice(10).every((ms) => ms >= 1_000));
});
