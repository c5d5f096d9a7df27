import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { defaultFlowTimeouts, type FlowTimeouts, type ForwardingService, type ForwardingTables } from '../dataplane.js';
import type { Flood } from '../test-support/flood.worker.js';
import { bytesOf, syn4 } from '../test-support/frames.js';
import { enterNodeOnLink } from '../test-support/node-on-link.js';
import { ip, isRoot } from '../test-support/private-namespaces.js';
import { XdpDataplane, type XdpDataplaneOptions } from './xdp-dataplane.js';

const XDP_TX = 3;
/** Of the IPv4 header's flags and offset. */
const MORE_FRAGMENTS = 0x2000;
const Flag = { fin: 0x01, syn: 0x02, rst: 0x04, ack: 0x10 } as const;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
let ifindex = 0;
let directories = 0;

test.before(async () => {
  if (!isRoot) return;
  ifindex = await enterNodeOnLink();
  ip('route add 192.0.2.0/24 via 10.0.0.21');
});

function open(options: Partial<XdpDataplaneOptions> = {}): XdpDataplane {
  return XdpDataplane.open({
    interfaces: [],
    mode: 'auto',
    pinDirectory: `/sys/fs/bpf/flows-${directories++}`,
    limits: { services: 4, backends: 16, rows: 64, flows: 64 },
    clock: 'manual',
    ...options,
  });
}

const backends = [21, 22, 23].map((last) => ({ address: `10.0.0.${last}` }));

function tablesOf(service: Partial<ForwardingService> = {}, timeouts: Partial<FlowTimeouts> = {}): ForwardingTables {
  return {
    services: [
      {
        listeners: [{ vip: '198.51.100.10', protocol: 'tcp', port: 80 }],
        forwarding: { method: 'ipip' },
        scheduling: { pick: 'next' },
        backends,
        rows: [0, 1, 2],
        ...service,
      },
    ],
    sources: { ipv4: '10.0.0.11' },
    hashSeed: 1n,
    timeouts: { ...defaultFlowTimeouts, ...timeouts },
  };
}

/** Last byte of the (outer) destination; undefined: not forwarded. */
function send(plane: XdpDataplane, port: number, flags: number, client = 10): number | undefined {
  const frame = bytesOf(syn4);
  const view = new DataView(frame.buffer);
  view.setUint8(29, client);
  view.setUint16(34, port);
  view.setUint8(47, flags);
  const { result, packet } = plane.testRun(frame, { ingressIfindex: ifindex });
  return result === XDP_TX ? packet[33] : undefined;
}

async function connections(plane: XdpDataplane): Promise<{ active: number; inactive: number }> {
  const all = (await plane.counters()).services.flatMap((service) => service.backends);
  return {
    active: all.reduce((sum, { activeConnections }) => sum + activeConnections, 0),
    inactive: all.reduce((sum, { inactiveConnections }) => sum + inactiveConnections, 0),
  };
}

/** What the flow table itself says: what is counted has to be in there. */
function inTable(plane: XdpDataplane): { active: number; inactive: number } {
  const states = [...plane.flows()]
    .map(({ state }) => state)
    .filter((state) => !['answer', 'fragment'].includes(state));
  const active = states.filter((state) => ['established', 'datagram', 'other'].includes(state)).length;
  return { active, inactive: states.length - active };
}

/** Near sets that have something far. */
function overflows(pinDirectory: string): number {
  return elementsOf(pinDirectory, 'flow_overflows')
    .flat()
    .filter((byte) => byte > 0).length; // little-endian, at most 2
}

/** Places that are taken in the table of answers: they have a tag, of eight bytes. */
function answersIn(pinDirectory: string): number {
  return elementsOf(pinDirectory, 'answers').filter((bytes) => bytes.slice(0, 8).some((byte) => byte > 0)).length;
}

function elementsOf(pinDirectory: string, map: string): number[][] {
  const { stdout } = spawnSync('bpftool', ['-j', 'map', 'dump', 'pinned', `${pinDirectory}/maps/${map}`], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const elements = JSON.parse(stdout) as { readonly value: readonly string[] }[];
  return elements.map(({ value }) => value.map(Number));
}

testAsRoot('a flow keeps its backend while new ones go round', async (t) => {
  await using plane = open();
  await plane.apply(tablesOf());
  const first = [1, 2, 3, 4].map((port) => send(plane, 3000 + port, Flag.syn));
  t.deepEqual(first, [21, 22, 23, 21]);
  t.deepEqual(
    [1, 2, 3, 4].map((port) => send(plane, 3000 + port, Flag.ack)),
    first,
  );
  t.deepEqual(await connections(plane), { active: 4, inactive: 0 });
  send(plane, 3001, Flag.fin | Flag.ack);
  t.deepEqual(await connections(plane), { active: 3, inactive: 1 });
});

testAsRoot(
  'a flow that is silent for its timeout is not counted any more, and its next SYN is a new flow',
  async (t) => {
    await using plane = open();
    await plane.apply(tablesOf({}, { tcpSynMs: 5000, tcpEstablishedMs: 20_000 }));
    plane.setClock(100);
    send(plane, 3000, Flag.syn);
    send(plane, 3001, Flag.syn);
    send(plane, 3001, Flag.ack);
    t.deepEqual(await connections(plane), { active: 1, inactive: 1 });
    plane.setClock(105);
    t.deepEqual(await connections(plane), { active: 1, inactive: 1 });
    plane.setClock(106);
    t.deepEqual(await connections(plane), { active: 1, inactive: 0 });
    plane.setClock(121);
    t.deepEqual(await connections(plane), { active: 0, inactive: 0 });
    t.is(send(plane, 3001, Flag.syn), 23);
  },
);

testAsRoot("the kernel's clock takes out what has expired, without a packet", async (t) => {
  await using plane = open({ clock: 'kernel' });
  await plane.apply(tablesOf({}, { tcpSynMs: 3000 }));
  for (let port = 1; port <= 20; port++) send(plane, port, Flag.syn);
  t.deepEqual(await connections(plane), { active: 0, inactive: 20 });
  const deadline = performance.now() + 30_000;
  while ((await connections(plane)).inactive > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.deepEqual(await connections(plane), { active: 0, inactive: 0 });
});

testAsRoot('a full table gives the place of the flow that was seen longest ago, and counts stay right', async (t) => {
  await using plane = open();
  await plane.apply(tablesOf());
  const busy = 5000;
  for (let i = 0; i < 2000; i++) {
    plane.setClock(1000 + i);
    send(plane, 10_000 + i, Flag.syn);
    if (i === 0) send(plane, busy, Flag.syn);
    send(plane, busy, Flag.ack);
  }
  t.true([...plane.flows()].length < 300, 'the table is small');
  t.deepEqual(await connections(plane), inTable(plane));
  t.is((await connections(plane)).active, 1, 'the busy flow was never pushed out');
});

for (const method of ['ipip', 'nat'] as const) {
  testAsRoot(
    `a large table of ${method} knows its flows near and far, through a restart, until they are over`,
    async (t) => {
      const pinDirectory = `/sys/fs/bpf/flows-${directories++}`;
      const large = {
        pinDirectory,
        limits: { services: 4, backends: 16, rows: 64, flows: 262_144, translatedFlows: 131_072 },
      };
      // Near places are 131,072, of flows and of answers.
      const clients = Array.from({ length: method === 'nat' ? 120 : 150 }, (_, i) => i + 1);
      const sendAll = (plane: XdpDataplane, flags: number) =>
        clients.flatMap((client) => Array.from({ length: 1000 }, (_, port) => send(plane, 1024 + port, flags, client)));
      let first: (number | undefined)[];
      {
        await using plane = open(large);
        await plane.apply(tablesOf({ forwarding: { method } }));
        plane.setClock(1);
        first = sendAll(plane, Flag.syn);
        t.deepEqual(first.slice(0, 4), [21, 22, 23, 21]);
      }
      await using plane = open(large);
      await plane.apply(tablesOf({ forwarding: { method } }));
      t.true(overflows(pinDirectory) > 1000, 'not all found a place near');
      const moved = sendAll(plane, Flag.ack).filter((backend, i) => backend !== first[i]).length;
      t.true(moved < first.length / 500, `${moved} of ${first.length} were forgotten`);
      t.deepEqual(await connections(plane), inTable(plane));
      plane.setClock(2);
      t.true((await connections(plane)).active > first.length * 0.99);
      t.true(overflows(pinDirectory) > 1000, 'a sweep leaves what is in use');
      plane.setClock(2000);
      t.deepEqual([...plane.flows()], []);
      t.deepEqual(await connections(plane), { active: 0, inactive: 0 });
      plane.setClock(2001);
      plane.setClock(2002);
      t.is(overflows(pinDirectory), 0, 'nothing is looked for far away any more');
      XdpDataplane.remove(pinDirectory);
    },
  );
}

testAsRoot('a flood of SYNs pushes out its own, not connections that have been silent for longer', async (t) => {
  await using plane = open();
  await plane.apply(tablesOf());
  plane.setClock(1000);
  for (const port of [5000, 5001, 5002]) for (const flags of [Flag.syn, Flag.ack]) send(plane, port, flags);
  for (let i = 0; i < 2000; i++) {
    plane.setClock(1001 + (i >> 6));
    send(plane, 10_000 + i, Flag.syn);
  }
  t.deepEqual(await connections(plane), inTable(plane));
  t.is((await connections(plane)).active, 3);
});

for (const method of ['ipip', 'nat'] as const) {
  testAsRoot(
    `two CPUs that open, close and push out flows by ${method} count none twice and forget none`,
    async (t) => {
      await using plane = open();
      await plane.apply(tablesOf({ forwarding: { method } }));
      const flood = (seed: number): Flood => ({
        programFd: plane.programFd,
        frame: bytesOf(syn4),
        ingressIfindex: ifindex,
        packets: 40_000,
        flags: [Flag.syn, Flag.syn, Flag.ack, Flag.fin | Flag.ack, Flag.rst],
        bits: 5,
        seed,
      });
      const workers = [1, 2].map(
        (seed) => new Worker(new URL('../test-support/flood.worker.js', import.meta.url), { workerData: flood(seed) }),
      );
      await Promise.all(workers.map((worker) => once(worker, 'exit')));
      t.deepEqual(await connections(plane), inTable(plane));
      const { packets } = (await plane.counters()).services[0] ?? { packets: 0 };
      t.true(packets > 0);
      plane.setClock(100_000);
      t.deepEqual(await connections(plane), { active: 0, inactive: 0 });
      t.deepEqual([...plane.flows()], []);
    },
  );
}

testAsRoot('answers of a backend that is gone leave their table, which no packet would find them in', async (t) => {
  const pinDirectory = `/sys/fs/bpf/flows-${directories++}`;
  await using plane = open({ pinDirectory });
  await plane.apply(tablesOf({ forwarding: { method: 'nat' } }));
  for (const port of [3000, 3001, 3002]) send(plane, port, Flag.syn);
  t.is(answersIn(pinDirectory), 3);
  await plane.apply(tablesOf({ forwarding: { method: 'nat' }, backends: backends.slice(1), rows: [0, 1] }));
  plane.setClock(1);
  t.is(answersIn(pinDirectory), 2);
});

testAsRoot('a flood of fragments of nat gives way to connections, and leaves nothing behind', async (t) => {
  const pinDirectory = `/sys/fs/bpf/flows-${directories++}`;
  await using plane = open({ pinDirectory });
  await plane.apply(tablesOf({ forwarding: { method: 'nat' } }));
  send(plane, 3000, Flag.syn);
  const sendFragment = (identification: number) => {
    const frame = bytesOf(syn4);
    const view = new DataView(frame.buffer);
    view.setUint8(29, 10);
    view.setUint16(18, identification);
    view.setUint16(20, MORE_FRAGMENTS);
    view.setUint16(34, 3000);
    view.setUint8(47, Flag.ack);
    return plane.testRun(frame, { ingressIfindex: ifindex }).result;
  };
  for (let i = 0; i < 2000; i++) {
    t.is(sendFragment(i), XDP_TX);
    if (i % 20 === 0) t.not(send(plane, 4000 + i, Flag.syn), undefined, `connection ${i}`);
  }
  t.true(answersIn(pinDirectory) > 100, 'the table is full of fragments');
  t.is((await plane.counters()).drops.table_full, 0);
  t.deepEqual(await connections(plane), inTable(plane));
  // Flows by another method push out fragments, which take what they had of the other table along.
  await plane.apply(tablesOf());
  for (let i = 0; i < 2000; i++) send(plane, 10_000 + i, Flag.syn);
  plane.setClock(1);
  t.is(answersIn(pinDirectory), 0);
  t.true([...plane.flows()].length > 100);
});

testAsRoot('flows outlive the process that remembered them', async (t) => {
  const pinDirectory = `/sys/fs/bpf/flows-${directories++}`;
  {
    await using first = open({ pinDirectory });
    await first.apply(tablesOf());
    t.deepEqual([send(first, 3000, Flag.syn), send(first, 3001, Flag.syn)], [21, 22]);
  }
  await using second = open({ pinDirectory });
  await second.apply(tablesOf());
  t.is(send(second, 3001, Flag.ack), 22);
  t.deepEqual(await connections(second), { active: 1, inactive: 1 });
  XdpDataplane.remove(pinDirectory);
});

testAsRoot('a backend of weight 0 keeps its flows and gets no new ones; one that is gone has none', async (t) => {
  await using plane = open();
  await plane.apply(tablesOf());
  t.deepEqual([send(plane, 3000, Flag.syn), send(plane, 3001, Flag.syn)], [21, 22]);
  const drained = backends.map((backend, i) => ({ ...backend, weight: i === 0 ? 0 : 1 }));
  await plane.apply(tablesOf({ backends: drained, rows: [1, 2] }));
  t.is(send(plane, 3000, Flag.ack), 21);
  t.false([1, 2, 3, 4, 5].map((port) => send(plane, 4000 + port, Flag.syn)).includes(21));
  await plane.apply(tablesOf({ backends: backends.slice(1), rows: [0, 1] }));
  t.not(send(plane, 3000, Flag.syn), 21);
});

testAsRoot('thresholds: a full backend gets no new flows until it has fewer than its lower one', async (t) => {
  await using plane = open();
  const limited = [{ address: '10.0.0.21', upperConnections: 2, lowerConnections: 1 }];
  await plane.apply(tablesOf({ backends: limited, rows: [0] }, { tcpCloseMs: 1000 }));
  t.deepEqual(
    [1, 2, 3].map((port) => send(plane, 3000 + port, Flag.syn)),
    [21, 21, undefined],
  );
  t.is((await plane.counters()).drops.no_backend, 1);
  send(plane, 3001, Flag.rst);
  plane.setClock(2);
  t.is(send(plane, 3004, Flag.syn), undefined, 'one is left, which is not fewer than one');
  send(plane, 3002, Flag.rst);
  plane.setClock(4);
  t.is(send(plane, 3004, Flag.syn), 21);
});

testAsRoot('beyond the rate a node goes on by hash and remembers nothing, and a source is cut off', async (t) => {
  await using plane = open();
  const guard = { deny: [], allow: [], newFlowsPerSecond: 5, newFlowsPerSource: 0 };
  await plane.apply({ ...tablesOf(), guard });
  for (let port = 0; port < 20; port++) t.truthy(send(plane, 3000 + port, Flag.syn));
  t.is([...plane.flows()].length, 5);
  await plane.apply({ ...tablesOf(), guard: { ...guard, newFlowsPerSecond: 0, newFlowsPerSource: 3 } });
  plane.setClock(1);
  const sent = Array.from({ length: 10 }, (_, i) => send(plane, 4000 + i, Flag.syn));
  t.is(sent.filter((backend) => backend !== undefined).length, 3);
  t.is((await plane.counters()).drops.source_rate, 7);
});

testAsRoot('100,000 denied networks are written and changed in differences, and the longest one decides', async (t) => {
  await using plane = open();
  const deny = Array.from({ length: 100_000 }, (_, i) => `10.${i >> 14}.${(i >> 6) & 255}.${(i & 63) << 2}/30`);
  const guard = { deny: [...deny, '192.0.0.0/8'], allow: ['192.0.2.8/29'], newFlowsPerSecond: 0, newFlowsPerSource: 0 };
  await plane.apply({ ...tablesOf(), guard });
  t.is(send(plane, 3000, Flag.syn), 21, '192.0.2.10 is allowed by a longer network');
  await plane.apply({ ...tablesOf(), guard: { ...guard, allow: [] } });
  t.is(send(plane, 3000, Flag.ack), undefined);
  t.is((await plane.counters()).drops.denied, 1);
  const started = performance.now();
  await plane.apply({ ...tablesOf(), guard: { ...guard, deny } });
  t.log(`one network of 100,001 removed in ${(performance.now() - started).toFixed(0)} ms`);
  t.is(send(plane, 3000, Flag.ack), 21);
});

testAsRoot('a method that after disposal would touch memory that is gone says so instead', async (t) => {
  const plane = open();
  await plane.apply(tablesOf());
  await plane[Symbol.asyncDispose]();
  await t.throwsAsync(plane.counters(), { code: 'DATAPLANE_CLOSED' });
  t.throws(() => plane.takeNeededRows(), { code: 'DATAPLANE_CLOSED' });
});

testAsRoot('tables in force are told as they were wanted, with the rows that are kept', async (t) => {
  await using plane = open();
  await plane.apply(tablesOf({ scheduling: { pick: 'hash', of: 'flow' }, rows: [2, 0, 1, 0], keptRows: [1, 3] }));
  const table = plane.tablesInForce().get('198.51.100.10:80/tcp');
  t.deepEqual(table?.keptRows, [1, 3]);
  t.deepEqual(
    Array.from(table?.rows ?? [], (row) => table?.backends[row]?.address),
    ['10.0.0.23', '10.0.0.21', '10.0.0.22', '10.0.0.21'],
  );
});

testAsRoot(
  'a kept row remembers its flows, which stay when it moves, and is told as needed while they go on',
  async (t) => {
    await using plane = open();
    const byHash = { scheduling: { pick: 'hash', of: 'flow' } } as const;
    await plane.apply(tablesOf({ ...byHash, rows: [0], keptRows: [0] }));
    t.is(send(plane, 3000, Flag.ack), 21);
    await plane.apply(tablesOf({ ...byHash, rows: [1], keptRows: [0] }));
    t.is(send(plane, 3000, Flag.ack), 21);
    t.is(send(plane, 3001, Flag.syn), 22);
    t.deepEqual([...plane.takeNeededRows()], [['198.51.100.10:80/tcp', [0]]]);
    t.deepEqual([...plane.takeNeededRows()], []);
    await plane.apply(tablesOf({ ...byHash, rows: [1] }));
    t.is(send(plane, 3000, Flag.ack), 22);
  },
);

testAsRoot('a next hop that is not resolved is told, once', async (t) => {
  await using plane = open();
  await plane.apply(tablesOf({ backends: [{ address: '10.0.0.77' }], rows: [0] }));
  t.is(send(plane, 3000, Flag.syn), undefined);
  t.deepEqual(plane.takeUnresolved(), [{ address: '10.0.0.77', ifindex }]);
  t.deepEqual(plane.takeUnresolved(), []);
});
