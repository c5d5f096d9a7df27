import { MemoryStore } from '@weir/state-sync';
import test from 'ava';
import { PortLives } from './port-lives.js';

const livesOf = (store: ConstructorParameters<typeof PortLives>[0]['store'], isSameLife = false, nodeName = 'a') =>
  new PortLives({ store, nodeName, isSameLife });

test('each life has the other number than the one before it, whatever other nodes do', async (t) => {
  const store = new MemoryStore();
  t.is(await livesOf(store).number(), 0);
  t.is(await livesOf(store, false, 'b').number(), 0);
  t.is(await livesOf(store).number(), 1);
  t.is(await livesOf(store).number(), 0);
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

test('a life whose number could not be written is counted once all the same', async (t) => {
  const store = new MemoryStore();
  await livesOf(store).number();
  let failures = 1;
  const failing = {
    held: store.held.bind(store),
    hold: store.hold.bind(store),
    async release(name: string) {
      if (failures-- > 0) throw new Error('gone');
      await store.release(name);
    },
  };
  const second = livesOf(failing);
  t.deepEqual([await second.number(), await second.number()], [undefined, 1]);
  t.is(await livesOf(store).number(), 0);
});
