import test from 'ava';
import { type AttemptSamples, attemptsWithin, windowBeganMs, withSample } from './attempt-window.js';

const WITHIN_MS = 10_000;

/** Samples a second apart, from second 0 on, of these counts: connections tried, unanswered, refused. */
function samplesOf(...counts: readonly (readonly [number, number, number])[]): AttemptSamples {
  return counts.reduce<AttemptSamples>(
    (samples, [tried, unanswered, refused], second) =>
      withSample(samples, { tried, unanswered, refused }, second * 1000, WITHIN_MS),
    [],
  );
}

test('nothing was seen before there are two samples', (t) => {
  t.deepEqual(attemptsWithin([], WITHIN_MS), { tried: 0, unanswered: 0, refused: 0 });
  t.deepEqual(attemptsWithin(samplesOf([7, 3, 1]), WITHIN_MS), { tried: 0, unanswered: 0, refused: 0 });
});

test('connections of the last second are not counted yet: nobody knows whether they are answered', (t) => {
  t.deepEqual(attemptsWithin(samplesOf([0, 0, 0], [5, 0, 0], [15, 5, 0]), WITHIN_MS), {
    tried: 5,
    unanswered: 5,
    refused: 0,
  });
});

test('what is older than the window does not count', (t) => {
  const steady = Array.from({ length: 30 }, (_, second) => [second * 10, second, second * 2] as const);
  t.deepEqual(attemptsWithin(samplesOf(...steady), WITHIN_MS), { tried: 100, unanswered: 10, refused: 20 });
});

test('a window can be made to begin later', (t) => {
  const steady = Array.from({ length: 30 }, (_, second) => [second * 10, second, second * 2] as const);
  const samples = samplesOf(...steady);
  t.is(windowBeganMs(samples, WITHIN_MS), 18_000);
  t.deepEqual(attemptsWithin(samples, WITHIN_MS, 25_000), { tried: 30, unanswered: 3, refused: 6 });
  t.deepEqual(attemptsWithin(samples, WITHIN_MS, 5_000), attemptsWithin(samples, WITHIN_MS));
});

test('samples that no window needs are let go', (t) => {
  const steady = Array.from({ length: 100 }, (_, second) => [second, 0, 0] as const);
  t.is(samplesOf(...steady).length, 13);
});

test('where counting began anew, nothing of before is compared with it', (t) => {
  t.deepEqual(samplesOf([100, 50, 0], [2, 0, 0]), [{ tried: 2, unanswered: 0, refused: 0, atMs: 1000 }]);
});
