import { parseNodeConfig } from '@weir/control';
import { createLogger } from '@weir/daemon';
import { serviceNumber } from '@weir/dataplane';
import { FLOW_IMAGE_BYTES } from '@weir/packet';
import { type FlowStore, MemoryStore, openReplication, ownerNumber } from '@weir/state-sync';
import test from 'ava';
import { SharedFlows } from './shared-flows.js';
import { eventually } from './test-support/eventually.js';
import { flowImage, missedByClient } from './test-support/flow-images.js';
import { SharingDouble } from './test-support/sharing-double.js';

const config = parseNodeConfig(
  `node: { interfaces: [eth0] }
services:
  - { name: web, method: nat, vip: 198.51.100.10, port: 80, backends: [ { address: 10.0.0.21, port: 8080 } ] }
`,
  'weir.yaml',
);
const service = serviceNumber({ vip: '198.51.100.10', protocol: 'tcp', port: 80 });
const flowOf = (port: number) =>
  flowImage({ service, client: `192.0.2.1:${port}`, vip: '198.51.100.10:80', backend: '10.0.0.21:8080' });
const flow = flowOf(1024);
const clientPacket = {
  direction: 'client',
  image: missedByClient(flow),
  frame: new Uint8Array(60),
  ifindex: 2,
  handedOver: false,
} as const;

/** A memory store that says that it goes, and that it is back. */
function fickleStore() {
  const listeners = new Set<(isAvailable: boolean) => void>();
  const memory = new MemoryStore();
  const own = {
    isAvailable: true,
    onAvailability(listener: (isAvailable: boolean) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const store = new Proxy<FlowStore>(memory, {
    get(_, name) {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name);
      const value: unknown = Reflect.get(memory, name);
      return typeof value === 'function' ? value.bind(memory) : value;
    },
  });
  const goAndReturn = () => {
    for (const isAvailable of [false, true]) {
      own.isAvailable = isAvailable;
      for (const listener of listeners) listener(isAvailable);
    }
  };
  return { store, goAndReturn };
}

/** Resolves when it is so. */
function until(what: string, isSo: () => boolean): Promise<true> {
  return eventually(what, async () => isSo() || undefined);
}

function hexOf(image: Uint8Array): string {
  return Buffer.from(image).toString('hex');
}

/** A node on this store. */
async function nodeOf(
  nodeName: string,
  store: FlowStore,
  pause: (ms: number, signal: AbortSignal) => Promise<void> = async () => {},
) {
  const sharing = new SharingDouble();
  const { tcpMs: tcpEstablishedMs, ...timeouts } = config.dataplane.timeouts;
  const replication = await openReplication({
    store,
    nodeName,
    secret: new Uint8Array(16),
    timeouts: { ...timeouts, tcpEstablishedMs },
    batchDelayMs: 1,
  });
  const logger = createLogger('test', { level: 'fatal', format: 'json' });
  const owner = ownerNumber(nodeName);
  const served: string[] = [];
  const onServed = (images: Uint8Array) => void (images.byteLength > 0 && served.push(hexOf(images)));
  const flows = new SharedFlows(config, { sharing, replication, owner, onServed, logger, now: () => 0, pause });
  return {
    served,
    sharing,
    replication,
    flows,
    async [Symbol.asyncDispose]() {
      await flows[Symbol.asyncDispose]();
      await replication[Symbol.asyncDispose]();
    },
  };
}

test('what one node told, another one goes on with, and the first one forgets it', async (t) => {
  await using store = new MemoryStore();
  await using first = await nodeOf('a', store);
  await using second = await nodeOf('b', store);
  first.sharing.happen({ told: flow });
  await until('the flow to be told', () => first.replication.status().told === 1);
  second.sharing.happen({ missed: [clientPacket] });
  await until('the former owner to yield', () => first.sharing.forgotten.length > 0);
  t.deepEqual(second.sharing.settled, [[{ packet: clientPacket, flow }]]);
  t.deepEqual(first.sharing.forgotten[0], flow);
  t.is(second.flows.counts().takeover.takenOver, 1);
});

test('flows are served here as they are told, told again, and adopted', async (t) => {
  await using store = new MemoryStore();
  await using first = await nodeOf('a', store);
  await using second = await nodeOf('b', store);
  first.sharing.happen({ told: flow });
  first.sharing.happen({ refreshed: flow });
  first.sharing.happen({ missed: [{ ...clientPacket, image: missedByClient(flowOf(9)) }] });
  await until('the refresh', () => first.replication.status().refreshed === 1);
  second.sharing.happen({ missed: [clientPacket] });
  await until('the packet to be settled', () => second.sharing.settled.length > 0);
  t.deepEqual([first.served, second.served], [[hexOf(flow), hexOf(flow)], [hexOf(flow)]]);
});

test('a flow that has ended is unknown to the others', async (t) => {
  await using store = new MemoryStore();
  await using first = await nodeOf('a', store);
  await using second = await nodeOf('b', store);
  first.sharing.happen({ told: flow });
  first.sharing.happen({ ended: flow });
  await until('the end', () => first.replication.status().ended === 1);
  second.sharing.happen({ missed: [clientPacket] });
  await until('the packet to be settled', () => second.sharing.settled.length > 0);
  t.deepEqual(second.sharing.settled, [[{ packet: clientPacket, flow: undefined }]]);
});

test('what was told before is told as a refresh', async (t) => {
  await using store = new MemoryStore();
  await using node = await nodeOf('a', store);
  node.sharing.happen({ refreshed: flow });
  await until('the refresh', () => node.replication.status().refreshed === 1);
  t.is(node.replication.status().told, 0);
});

test('a store that is back is told of all flows that were told', async (t) => {
  const { store, goAndReturn } = fickleStore();
  await using node = await nodeOf('a', store);
  await using other = await nodeOf('b', store);
  node.sharing.toldFlows = [flow];
  goAndReturn();
  await until('the refresh', () => node.replication.status().refreshed === 1);
  other.sharing.happen({ missed: [clientPacket] });
  await until('the packet to be settled', () => other.sharing.settled.length > 0);
  t.deepEqual(other.sharing.settled[0]?.[0]?.flow, flow);
});

test('a store that goes again while it is told is told anew when it is back', async (t) => {
  const { store, goAndReturn } = fickleStore();
  let resume = () => {};
  const paused: AbortSignal[] = [];
  const pause = async (_ms: number, signal: AbortSignal) => {
    paused.push(signal);
    if (paused.length === 1) await new Promise<void>((resolve) => (resume = resolve));
  };
  await using node = await nodeOf('a', store, pause);
  const flows = new Uint8Array(2_000 * FLOW_IMAGE_BYTES);
  for (let i = 0; i < 2_000; i++) flows.set(flowOf(i), i * FLOW_IMAGE_BYTES);
  node.sharing.toldFlows = [flows];
  goAndReturn();
  await until('a pause', () => paused.length === 1);
  goAndReturn();
  resume();
  await until('a pause', () => paused.length === 3);
  t.deepEqual(
    paused.map(({ aborted }) => aborted),
    [true, false, false],
  );
  await until('the refresh', () => node.replication.status().refreshed === 3_000);
});

test('an error of the data plane does not end the sharing', async (t) => {
  await using store = new MemoryStore();
  const pauses: number[] = [];
  await using node = await nodeOf('a', store, async (ms) => void pauses.push(ms));
  const take = node.sharing.take.bind(node.sharing);
  node.sharing.take = () => {
    node.sharing.take = take;
    throw new Error('no ring');
  };
  node.sharing.happen({ told: flow });
  await until('the flow to be told', () => node.replication.status().told === 1);
  t.deepEqual(pauses, [1_000]);
});

test('what happens after the end is not told', async (t) => {
  await using store = new MemoryStore();
  await using node = await nodeOf('a', store);
  await node.flows[Symbol.asyncDispose]();
  node.sharing.happen({ told: flow });
  await node.replication[Symbol.asyncDispose]();
  t.is(node.replication.status().told, 0);
});
