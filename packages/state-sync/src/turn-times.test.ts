import test from 'ava';
import { TurnTimes } from './turn-times.js';

test('the age is that of the oldest turn that waits, to 10 ms', (t) => {
  const times = new TurnTimes();
  times.note(1, 1000);
  times.note(2, 1004);
  times.note(3, 1500);
  t.is(times.ageMs(1, 2000), 1000);
  t.is(times.ageMs(2, 2000), 1000);
  t.is(times.ageMs(3, 2000), 500);
});

test('where nothing waits there is no age, and what comes after it counts from its own time', (t) => {
  const times = new TurnTimes();
  t.is(times.ageMs(undefined, 10), 0);
  times.note(1, 1000);
  t.is(times.ageMs(undefined, 5000), 0);
  times.note(2, 6000);
  t.is(times.ageMs(2, 6100), 100);
});

test('a queue that waits for hours takes no more memory, and its age stays right', (t) => {
  const times = new TurnTimes();
  for (let turn = 0; turn < 100_000; turn++) times.note(turn, turn * 20);
  t.is(times.ageMs(0, 2_000_000), 2_000_000);
  const age = times.ageMs(50_000, 2_000_000);
  t.true(age >= 1_000_000 && age < 1_010_000, String(age));
});
