import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { CHOICE_ROWS, choiceRow, hashFields, NO_CHOICE } from '@weir/director';
import test from 'ava';
import type { ForwardingService, ForwardingTables } from '../dataplane.js';
import type { Flood } from '../test-support/flood.worker.js';
import { bytesOf, hexOf, syn4 } from '../test-support/frames.js';
import { enterNodeOnLink } from '../test-support/node-on-link.js';
import { isRoot } from '../test-support/private-namespaces.js';
import { XdpDataplane } from './xdp-dataplane.js';

const XDP_TX = 3;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
const key = Uint8Array.from({ length: 16 }, (_, i) => 255 - i);
const lastBytes = [21, 22, 23, 24, 25, 26];
const client = { source: '192.0.2.10', destination: '198.51.100.10', sourcePort: 1234, destinationPort: 80 };
let ifindex = 0;
let directories = 0;

test.before(async () => {
  if (!isRoot) return;
  ifindex = await enterNodeOnLink(lastBytes.length);
});

function open(pinDirectory = `/sys/fs/bpf/choices-${directories++}`): XdpDataplane {
  const limits = { services: 4, backends: 256, rows: 4 * 4 * CHOICE_ROWS, flows: 64 };
  return XdpDataplane.open({ interfaces: [], mode: 'auto', pinDirectory, limits });
}

function tablesOf(service: Partial<ForwardingService>): ForwardingTables {
  return {
    services: [
      {
        listeners: [{ vip: '198.51.100.10', protocol: 'tcp', port: 80 }],
        forwarding: { method: 'gue', port: 19_523, header: 'hops' },
        scheduling: { pick: 'choices', choices: 3, hash: { key, fields: hashFields, alternativeFields: ['source'] } },
        backends: lastBytes.map((last) => ({ address: `10.0.0.${last}` })),
        rows: choiceRows([0, 1, 2]),
        ...service,
      },
    ],
    sources: { ipv4: '10.0.0.11' },
    hashSeed: 1n,
  };
}

function choiceRows(usual: readonly number[], named: Readonly<Record<number, readonly number[]>> = {}): Uint16Array {
  const rows = new Uint16Array(CHOICE_ROWS * usual.length);
  for (let row = 0; row < CHOICE_ROWS; row++) rows.set(named[row] ?? usual, row * usual.length);
  return rows;
}

/** Without second chance: the packets are plain GUE. */
const byHash: Partial<ForwardingService> = {
  forwarding: { method: 'gue', port: 6080, header: 'gue' },
  scheduling: { pick: 'hash', of: 'flow' },
  rows: [0, 1, 2, 3, 4, 5],
};

testAsRoot('a packet tries the choices of its row, then those under the fields before', async (t) => {
  await using plane = open();
  const [now, before] = [choiceRow(key, hashFields, client), choiceRow(key, ['source'], client)];
  await plane.apply(tablesOf({ rows: choiceRows([0, 1, 2], { [now]: [3, 4, NO_CHOICE], [before]: [5, 4, 0] }) }));
  const { result, packet } = plane.testRun(bytesOf(syn4), { ingressIfindex: ifindex });
  t.is(result, XDP_TX);
  const frame = hexOf(packet);
  t.is(frame.slice(60, 68), '0a000018', '10.0.0.24');
  t.is(frame.slice(84, 124), '04040000000000030a0000190a00001a0a000015');
});

testAsRoot('the same choices change nothing the second time, nor in another life', async (t) => {
  const pinDirectory = `/sys/fs/bpf/choices-${directories++}`;
  const unchanged = { rowsMoved: 0, rowsWritten: 0, backendsAdded: 0, backendsRemoved: 0 };
  {
    await using first = open(pinDirectory);
    await first.apply(tablesOf({}));
    t.like(await first.apply(tablesOf({})), unchanged);
  }
  await using second = open(pinDirectory);
  t.deepEqual(second.origin, { kind: 'taken over' });
  t.like(await second.apply(tablesOf({})), unchanged);
  const moved = await second.apply(tablesOf({ rows: choiceRows([0, 1, 2], { 9: [1, 0, 2] }) }));
  t.is(moved.rowsMoved, 2);
  XdpDataplane.remove(pinDirectory);
});

testAsRoot('a service gets second chance, and loses it, while packets come: none is dropped', async (t) => {
  await using plane = open();
  await plane.apply(tablesOf({}));
  const flood: Flood = {
    programFd: plane.programFd,
    frame: bytesOf(syn4),
    ingressIfindex: ifindex,
    packets: 400_000,
    flags: [0x10],
    bits: 8,
    seed: 1,
  };
  const worker = new Worker(new URL('../test-support/flood.worker.js', import.meta.url), { workerData: flood });
  let isOver = false;
  const over = once(worker, 'exit').then(() => {
    isOver = true;
  });
  let changes = 0;
  while (!isOver) {
    await plane.apply(tablesOf(changes++ % 2 === 0 ? byHash : {}));
    await new Promise(setImmediate);
  }
  await over;
  t.log(`${changes} changes`);
  t.true(changes > 10);
  const { services, drops } = await plane.counters();
  t.is(services[0]?.packets, 400_000);
  t.deepEqual(
    Object.values(drops).filter((count) => count > 0),
    [],
  );
});
