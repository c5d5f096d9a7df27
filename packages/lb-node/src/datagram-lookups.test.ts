import test from 'ava';
import { DatagramLookups } from './datagram-lookups.js';

test('datagrams are asked about for one timeout after the start', (t) => {
  const lookups = new DatagramLookups(1000, () => 300_000);
  t.deepEqual(
    [1000, 300_999, 301_000, 900_000].map((nowMs) => lookups.leftMs(nowMs)),
    [300_000, 1, 0, 0],
  );
});

test('and for one timeout after each change among the nodes, from the last one on', (t) => {
  const lookups = new DatagramLookups(0, () => 10_000);
  lookups.nodesChanged(20_000);
  lookups.nodesChanged(25_000);
  t.deepEqual(
    [25_000, 34_999, 35_000].map((nowMs) => lookups.leftMs(nowMs)),
    [10_000, 1, 0],
  );
});

test('a timeout that changes meanwhile counts from then on', (t) => {
  let udpMs = 10_000;
  const lookups = new DatagramLookups(0, () => udpMs);
  udpMs = 30_000;
  t.is(lookups.leftMs(20_000), 10_000);
});
