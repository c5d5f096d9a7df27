import test from 'ava';
import { MemoryStore } from './memory-store.js';
import { openReplication } from './replication.js';
import { sampleImages } from './test-support/index.js';
import { testSecret, testTimeouts } from './test-support/nodes.js';

test('flows that are told again after the timeouts have changed are kept by the new ones', async (t) => {
  let nowMs = 0;
  await using store = new MemoryStore({ nowMs: () => nowMs });
  await using reader = await openReplication({ store, nodeName: 'b', secret: testSecret, timeouts: testTimeouts });
  const [before, after] = [sampleImages(1), sampleImages(1, 'plain', 4, 1000)];
  for (const [images, tcpEstablishedMs] of [
    [before, 900_000],
    [after, 90_000],
  ] as const) {
    // The end of a node waits for what it still has to tell.
    await using node = await openReplication({ store, nodeName: 'a', secret: testSecret, timeouts: testTimeouts });
    node.useTimeouts({ ...testTimeouts, tcpEstablishedMs });
    node.tell(images);
  }
  nowMs = 119_999;
  t.not(await reader.findByClient(after), 'unknown');
  nowMs = 120_000;
  t.is(await reader.findByClient(after), 'unknown');
  nowMs = 1_199_999;
  t.not(await reader.findByClient(before), 'unknown');
});
