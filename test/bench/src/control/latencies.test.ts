import test from 'ava';
import { latenciesOf } from './latencies.js';

test('a change is there when the last node has it', (t) => {
  const nodes = [
    [110, 230],
    [130, 220],
  ];
  t.deepEqual(latenciesOf([100, 200], nodes), [30, 30]);
});

test('a node that wrote its tables twice for one change had it the first time', (t) => {
  t.deepEqual(latenciesOf([100, 200], [[110, 150, 201]]), [10, 1]);
});

test('times in whole ms are not before a change of the same ms', (t) => {
  t.true((latenciesOf([100.7], [[101]])[0] as number) < 1);
  t.notThrows(() => latenciesOf([100.7], [[100]]));
});

test('a node that never had a change is named', (t) => {
  t.throws(() => latenciesOf([100, 200], [[110, 210], [110]]), { message: /node 2 did not have change 2/ });
});
