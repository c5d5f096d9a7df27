import { MemoryStore } from '@weir/state-sync';
import test from 'ava';
import { PortLives } from './port-lives.js';

const livesOf = (store: ConstructorParameters<typeof PortLives>[0]['store'], isSameLife = false, nodeName = 'a') =>
  new PortLives({ store, nodeName, isSameLife });

test('each life has the number after that of the one before it, whatever other nodes do', async (t) => {
  const store = new MemoryStore();
  t.is(await livesOf(store).number(), 0);
  t.is(await livesOf(store, false, 'b').number(), 0);
  for (const number of [1, 2, 3, 0, 1]) t.is(await livesOf(store).number(), number);
});

test('a life has one number, however often it is asked for', async (t) => {
  const store = new MemoryStore();
  await livesOf(store).number();
  const second = livesOf(store);
  t.deepEqual([await second.number(), await second.number()], [1, 1]);
});

test('a process that takes the flow table over goes on with the life', async (t) => {
  const store = new MemoryStore();
  t.is(await livesOf(store, true).number(), 0);
  t.is(await livesOf(store).number(), 1);
  t.is(await livesOf(store, true).number(), 1);
});

/** It answers to so many releases, is gone for the next one, and answers again. */
function failingOnRelease(store: MemoryStore, afterReleases = 0) {
  let released = 0;
  return {
    held: store.held.bind(store),
    hold: store.hold.bind(store),
    async release(name: string) {
      if (released++ === afterReleases) throw new Error('gone');
      await store.release(name);
    },
  };
}

test('a life whose number could not be written is counted once all the same', async (t) => {
  const store = new MemoryStore();
  await livesOf(store).number();
  const second = livesOf(failingOnRelease(store));
  t.deepEqual([await second.number(), await second.number()], [undefined, 1]);
  t.is(await livesOf(store).number(), 2);
});

for (const before of [0, 1, 2, 3]) {
  const after = (before + 1) % 4;
  test(`a life ${after} that ended while it wrote its number is the last one, not life ${before}`, async (t) => {
    const store = new MemoryStore();
    for (let life = 0; life <= before; life++) await livesOf(store).number();
    t.is(await livesOf(failingOnRelease(store)).number(), undefined);
    t.is(await livesOf(store, true).number(), after);
    t.is(await livesOf(store).number(), (after + 1) % 4);
  });
}

for (const afterReleases of [0, 1, 2]) {
  test(`of two lives that ended while they wrote, the second after ${afterReleases} names, it is the last`, async (t) => {
    const store = new MemoryStore();
    await livesOf(store).number();
    t.is(await livesOf(failingOnRelease(store)).number(), undefined);
    t.is(await livesOf(failingOnRelease(store, afterReleases)).number(), undefined);
    t.is(await livesOf(store).number(), 3);
  });
}
