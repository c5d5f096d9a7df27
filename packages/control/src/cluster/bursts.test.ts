import test from 'ava';
import { Bursts } from './bursts.js';

test('the first is done at once, and all that follow it closely together', async (t) => {
  let done = 0;
  await using bursts = new Bursts(
    async () => {
      done += 1;
    },
    ({ message }) => t.fail(message),
    30,
  );
  bursts.push();
  t.is(done, 1);
  for (let i = 0; i < 100; i++) bursts.push();
  t.is(done, 1);
  await bursts[Symbol.asyncDispose]();
  t.is(done, 2);
});

test('what is wanted while work is done is done after it, never beside it', async (t) => {
  let running = 0;
  let done = 0;
  let release: (() => void) | undefined;
  const bursts = new Bursts(
    async () => {
      running += 1;
      t.is(running, 1);
      await new Promise<void>((resolve) => {
        release = resolve;
        if (done > 0) resolve();
      });
      running -= 1;
      done += 1;
    },
    ({ message }) => t.fail(message),
    1,
  );
  bursts.push();
  bursts.push();
  release?.();
  await bursts[Symbol.asyncDispose]();
  t.is(done, 2);
});

test('work that fails is told, and the next is done', async (t) => {
  const told: string[] = [];
  let done = 0;
  const work = async () => {
    done += 1;
    if (done === 1) throw new Error('no room');
  };
  const bursts = new Bursts(work, ({ message }) => told.push(message), 1);
  bursts.push();
  bursts.push();
  await bursts[Symbol.asyncDispose]();
  t.is(done, 2);
  t.deepEqual(told, ['no room']);
});
