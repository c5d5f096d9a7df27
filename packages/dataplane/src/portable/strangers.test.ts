import test from 'ava';
import { Strangers } from './strangers.js';
import { tupleBetween } from './tuple.js';

const answer = (port: number, address = '10.0.0.21') => tupleBetween(6, end(address, 8080), end('192.0.2.10', port));
const end = (address: string, port: number) => ({ address: Uint8Array.from(address.split('.'), Number), port });

test('a stranger is known for two ticks after it was settled, and from the last time on', (t) => {
  const strangers = new Strangers(10);
  strangers.remember(answer(1), 5);
  t.deepEqual(
    [5, 7, 8].map((tick) => strangers.has(answer(1), tick)),
    [true, true, false],
  );
  strangers.remember(answer(1), 7);
  t.deepEqual(
    [9, 10].map((tick) => strangers.has(answer(1), tick)),
    [true, false],
  );
});

test('a stranger is known by addresses, ports and protocol, in one direction', (t) => {
  const strangers = new Strangers(10);
  strangers.remember(answer(1), 0);
  t.false(strangers.has(answer(2), 0));
  t.false(strangers.has(answer(1, '10.0.0.22'), 0));
  t.false(strangers.has({ ...answer(1), protocol: 17 }, 0));
  t.false(strangers.has(tupleBetween(6, end('192.0.2.10', 1), end('10.0.0.21', 8080)), 0));
});

test('of too many strangers those that were settled longest ago are forgotten', (t) => {
  const strangers = new Strangers(2);
  for (const port of [1, 2, 1, 3]) strangers.remember(answer(port), 0);
  t.deepEqual(
    [1, 2, 3].map((port) => strangers.has(answer(port), 0)),
    [true, false, true],
  );
});
