import test from 'ava';
import { SlotPool } from './slot-pool.js';

test('slots are handed out from the lowest up, around those that were claimed', (t) => {
  const pool = new SlotPool(4, 1000);
  pool.claim(1);
  t.deepEqual([pool.acquire(0), pool.acquire(0), pool.acquire(0), pool.acquire(0)], [0, 2, 3, undefined]);
});

test('a slot that was given back rests before it is handed out again', (t) => {
  const pool = new SlotPool(1, 1000);
  const slot = pool.acquire(0) as number;
  pool.release(slot, 500);
  t.is(pool.acquire(1499), undefined);
  t.is(pool.acquire(1500), slot);
});

test('giving back twice frees once', (t) => {
  const pool = new SlotPool(1, 0);
  pool.acquire(0);
  pool.release(0, 0);
  pool.release(0, 0);
  t.is(pool.acquire(1), 0);
  t.is(pool.acquire(2), undefined);
});
