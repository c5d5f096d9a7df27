import test from 'ava';
import { UnknownFlows } from './unknown-flows.js';

test('a flow is remembered as unknown for two seconds', (t) => {
  const unknown = new UnknownFlows();
  unknown.add('a', 1_000);
  t.deepEqual([unknown.has('a', 2_999), unknown.has('a', 3_000), unknown.has('b', 1_000)], [true, false, false]);
});

test('one that is found unknown again is remembered from then on', (t) => {
  const unknown = new UnknownFlows();
  unknown.add('a', 0);
  unknown.add('b', 500);
  unknown.add('a', 1_000);
  unknown.add('c', 2_500);
  t.deepEqual([unknown.has('a', 2_600), unknown.has('b', 2_600), unknown.size], [true, false, 2]);
});

test('the oldest gives way where there is no more room', (t) => {
  const unknown = new UnknownFlows(2);
  for (const key of ['a', 'b', 'c']) unknown.add(key, 0);
  t.deepEqual(
    ['a', 'b', 'c'].map((key) => unknown.has(key, 1)),
    [false, true, true],
  );
  t.is(unknown.size, 2);
});

test('what is over takes no room', (t) => {
  const unknown = new UnknownFlows();
  for (let i = 0; i < 1_000; i++) unknown.add(`early ${i}`, 0);
  unknown.add('late', 2_000);
  t.is(unknown.size, 1);
});
