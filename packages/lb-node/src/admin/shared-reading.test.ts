import test from 'ava';
import { SharedReading } from './shared-reading.js';

test('all who ask while one reads, and shortly after, get that reading; later ones another', async (t) => {
  let nowMs = 0;
  let readings = 0;
  const shared = new SharedReading(
    async () => ++readings,
    50,
    () => nowMs,
  );

  t.deepEqual(await Promise.all([shared.get(), shared.get()]), [1, 1]);
  nowMs = 50;
  t.is(await shared.get(), 1);
  nowMs = 51;
  t.is(await shared.get(), 2);
});

test('a reading that failed is told to those who asked, and is not kept', async (t) => {
  let isBroken = true;
  const shared = new SharedReading(async () => {
    if (isBroken) throw new Error('closed');
    return 1;
  }, 50);

  await t.throwsAsync(shared.get(), { message: 'closed' });
  isBroken = false;
  t.is(await shared.get(), 1);
});
