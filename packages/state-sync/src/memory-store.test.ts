import test from 'ava';
import { FLOW_ID_BYTES, FlowIds } from './flow-id.js';
import { MemoryStore } from './memory-store.js';
import { packWrites } from './packed-writes.js';
import { sampleImages } from './test-support/index.js';
import { testStore } from './test-support/store-compliance.js';

// Nodes that share it are in one process.
const stores = new Map<string, MemoryStore>();
testStore(test, (prefix) => {
  const store = stores.get(prefix) ?? new MemoryStore();
  stores.set(prefix, store);
  return store;
});

const ids = new FlowIds(Buffer.alloc(16));
const TTLS = [0, 1, 100, 100, 100, 100, 100, 100];

test('what has expired is not found, and makes room as others are written', async (t) => {
  let nowMs = 0;
  const store = new MemoryStore({ nowMs: () => nowMs });
  await store.write(packWrites(sampleImages(100), 1, ids), TTLS);
  nowMs = 100_000;
  const id = Buffer.alloc(FLOW_ID_BYTES);
  ids.writeClientId(sampleImages(1), 0, id, 0);
  t.deepEqual(await store.read([id]), [undefined]);
  t.is(store.size, 100);
  await store.write(packWrites(sampleImages(200, 'plain', 4, 1000), 1, ids), TTLS);
  t.is(store.size, 200);
});

test('in a full store, whoever was written longest ago gives way', async (t) => {
  const store = new MemoryStore({ valuesMax: 100 });
  await store.write(packWrites(sampleImages(100), 1, ids), TTLS);
  await store.write(packWrites(sampleImages(1), 1, ids), TTLS);
  await store.write(packWrites(sampleImages(99, 'plain', 4, 1000), 1, ids), TTLS);
  const id = Buffer.alloc(FLOW_ID_BYTES);
  ids.writeClientId(sampleImages(1), 0, id, 0);
  t.is(store.size, 100);
  t.not((await store.read([id]))[0], undefined);
});
