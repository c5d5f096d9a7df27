import { writeFileSync } from 'node:fs';
import { eventually } from '@weir/errors/test-support';
import { decodeFlowImage, encodeFlowImage, FLOW_IMAGE_BYTES, type FlowImage } from '@weir/packet';
import test, { type ExecutionContext } from 'ava';
import { defaultFlowTimeouts, type ForwardingService, type ForwardingTables, type ServiceKey } from '../dataplane.js';
import type { FlowEvents, MissedPacket, Sharing } from '../flow-sharing.js';
import { serviceNumber } from '../service-number.js';
import { bytesOf, syn4 } from '../test-support/frames.js';
import { enterNodeOnLink } from '../test-support/node-on-link.js';
import { ip, isRoot } from '../test-support/private-namespaces.js';
import { XdpDataplane } from './xdp-dataplane.js';

const Action = { drop: 1, tx: 3 } as const;
const Flag = { fin: 0x01, syn: 0x02, rst: 0x04, ack: 0x10 } as const;
/** The program's clock goes by jiffies, of 10 ms at most. */
const COARSE_CLOCK_MS = 10;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
const listener: ServiceKey = { vip: '198.51.100.10', protocol: 'tcp', port: 80 };
const sharing: Sharing = { tellAfterMs: 3000, takeoversPerSecond: 1_000_000, datagrams: false, localAddresses: [] };
let ifindex = 0;
let directories = 0;

test.before(async () => {
  if (!isRoot) return;
  ifindex = await enterNodeOnLink();
  ip('route add 192.0.2.0/24 via 10.0.0.21');
});

async function open(
  service: Partial<ForwardingService> = {},
  tables: { readonly [K in keyof ForwardingTables]?: ForwardingTables[K] | undefined } = {},
  directory = `/sys/fs/bpf/sharing-${directories++}`,
  interfaces: readonly string[] = [],
): Promise<XdpDataplane> {
  const plane = XdpDataplane.open({
    interfaces,
    mode: 'auto',
    pinDirectory: directory,
    limits: { services: 4, backends: 16, rows: 64, flows: 64 },
    clock: 'manual',
    sharing: true,
  });
  await plane.apply({
    services: [
      {
        listeners: [listener],
        forwarding: { method: 'ipip' },
        scheduling: { pick: 'next' },
        backends: [21, 22, 23].map((last) => ({ address: `10.0.0.${last}` })),
        rows: [0, 1, 2],
        ...service,
      },
    ],
    sources: { ipv4: '10.0.0.11' },
    hashSeed: 1n,
    sharing,
    ...tables,
  } as ForwardingTables);
  return plane;
}

function frameOf(port: number, flags: number): Uint8Array {
  const frame = bytesOf(syn4);
  const view = new DataView(frame.buffer);
  frame.set([0x02, 0, 0, 0, 0, 0xbb]);
  view.setUint16(34, port);
  view.setUint8(47, flags);
  return frame;
}

function send(plane: XdpDataplane, port: number, flags: number): number {
  return plane.testRun(frameOf(port, flags), { ingressIfindex: ifindex }).result;
}

function imagesOf(bytes: Uint8Array): FlowImage[] {
  return Array.from(
    { length: bytes.byteLength / FLOW_IMAGE_BYTES },
    (_, i) => decodeFlowImage(bytes, i * FLOW_IMAGE_BYTES) as FlowImage,
  );
}

/** Client ports of what was told, refreshed and ended, and how many packets were missed. */
function portsOf(events: FlowEvents): object {
  const ports = (images: Uint8Array) => imagesOf(images).map(({ client }) => client.port);
  return {
    told: ports(events.told),
    refreshed: ports(events.refreshed),
    ended: ports(events.ended),
    missed: events.missed.length,
  };
}

const nothing = { told: [], refreshed: [], ended: [], missed: 0 };

/** A flow that is told at tick 3. */
function tellOne(plane: XdpDataplane, port: number): Uint8Array {
  send(plane, port, Flag.syn);
  send(plane, port, Flag.ack);
  plane.setClock(3);
  send(plane, port, Flag.ack);
  return plane.sharing.take().told;
}

function missOne(t: ExecutionContext, plane: XdpDataplane, port: number, flags: number = Flag.ack): MissedPacket {
  t.is(send(plane, port, flags), Action.drop);
  const { missed } = plane.sharing.take();
  t.is(missed.length, 1);
  return missed[0] as MissedPacket;
}

testAsRoot('a flow is told when it is old enough, again after a third of its timeout, and that it ended', async (t) => {
  await using plane = await open();
  plane.setClock(0);
  send(plane, 1000, Flag.syn);
  send(plane, 1000, Flag.ack);
  plane.setClock(2);
  send(plane, 1000, Flag.ack);
  t.deepEqual(portsOf(plane.sharing.take()), nothing);
  plane.setClock(3);
  send(plane, 1000, Flag.ack);
  send(plane, 1000, Flag.ack);
  const events = plane.sharing.take();
  t.deepEqual(portsOf(events), { ...nothing, told: [1000] });
  const [image] = imagesOf(events.told);
  t.is(image?.service, serviceNumber(listener));
  t.like(image, { protocol: 6, state: 'established', kind: 'plain' });
  t.is(image?.vip.port, 80);
  t.deepEqual(image?.backend.address, Uint8Array.of(10, 0, 0, 21));
  plane.setClock(302);
  send(plane, 1000, Flag.ack);
  t.deepEqual(portsOf(plane.sharing.take()), nothing);
  plane.setClock(303);
  send(plane, 1000, Flag.ack);
  t.deepEqual(portsOf(plane.sharing.take()), { ...nothing, refreshed: [1000] });
  send(plane, 1000, Flag.rst);
  send(plane, 1000, Flag.rst);
  t.deepEqual(portsOf(plane.sharing.take()), { ...nothing, ended: [1000] });
  t.like(plane.sharing.counts(), { told: 2, ended: 1, missed: 0, overRate: 0, lost: 0 });
});

testAsRoot('what expires has ended, what never was told has not', async (t) => {
  await using plane = await open({}, { timeouts: { ...defaultFlowTimeouts, tcpEstablishedMs: 10_000 } });
  plane.setClock(0);
  tellOne(plane, 1000);
  send(plane, 1001, Flag.syn);
  send(plane, 1001, Flag.ack);
  plane.setClock(20);
  t.deepEqual(portsOf(plane.sharing.take()), { ...nothing, ended: [1000] });
  t.deepEqual([...plane.sharing.told()], []);
});

testAsRoot('what was told and is not over can be told again, with the state that it has now', async (t) => {
  await using plane = await open();
  plane.setClock(0);
  send(plane, 1001, Flag.syn);
  tellOne(plane, 1000);
  send(plane, 1001, Flag.ack);
  plane.sharing.take();
  send(plane, 1000, Flag.fin | Flag.ack);
  const images = [...plane.sharing.told()].flatMap(imagesOf);
  const states = images.map(({ client, state }) => [client.port, state]).sort();
  t.deepEqual(states, [
    [1000, 'fin_by_client'],
    [1001, 'established'],
  ]);
});

testAsRoot('a later life tells flows anew with their next packet', async (t) => {
  const directory = `/sys/fs/bpf/sharing-${directories++}`;
  {
    await using plane = await open({}, {}, directory);
    plane.setClock(0);
    t.is(tellOne(plane, 1000).byteLength, FLOW_IMAGE_BYTES);
  }
  await using plane = await open({}, {}, directory);
  t.is(plane.origin.kind, 'taken over');
  t.deepEqual([...plane.sharing.told()], []);
  plane.setClock(4);
  send(plane, 1000, Flag.ack);
  t.deepEqual(portsOf(plane.sharing.take()), { ...nothing, told: [1000] });
});

testAsRoot('a flow that another node told goes on here, to the same backend', async (t) => {
  await using first = await open();
  first.setClock(0);
  send(first, 999, Flag.syn);
  const told = tellOne(first, 1000);
  t.deepEqual(imagesOf(told)[0]?.backend.address, Uint8Array.of(10, 0, 0, 22));
  await using second = await open();
  second.setClock(0);
  const packet = missOne(t, second, 1000);
  t.is(packet.direction, 'client');
  t.deepEqual(packet.frame, frameOf(1000, Flag.ack));
  const { outcome, run } = second.sharing.testSettle({ packet, flow: told });
  t.deepEqual([outcome, run.result, run.packet[33]], ['adopted', Action.tx, 22]);
  t.is(second.sharing.testSettle({ packet, flow: told }).outcome, 'known');
  t.is(send(second, 1000, Flag.ack), Action.tx);
  // It counts as told: its end is told, too.
  send(second, 1000, Flag.rst);
  t.deepEqual(portsOf(second.sharing.take()), { ...nothing, ended: [1000] });
});

testAsRoot('a flow that is forgotten here, as another node has it, is asked about again', async (t) => {
  await using plane = await open();
  plane.setClock(0);
  const told = tellOne(plane, 1000);
  plane.sharing.forget(told);
  t.deepEqual(portsOf(plane.sharing.take()), nothing);
  missOne(t, plane, 1000);
});

testAsRoot('a flow that nobody knows is decided about, and asked about once', async (t) => {
  await using plane = await open();
  const packet = missOne(t, plane, 1000);
  const { outcome, run } = plane.sharing.testSettle({ packet, flow: undefined });
  t.deepEqual([outcome, run.result], ['unknown', Action.tx]);
  t.is(send(plane, 1000, Flag.ack), Action.tx);
  t.is(plane.sharing.take().missed.length, 0);
});

testAsRoot('packets that are given back leave by the interface that they came to', async (t) => {
  // XDP_TX over veth wakes a far end that has a program of its own, no other.
  await using far = await open({}, { services: [] }, '/sys/fs/bpf/sharing-far', ['peer0']);
  t.is(far.attachments().length, 1);
  await using plane = await open({}, {}, '/sys/fs/bpf/sharing-near', ['eth0']);
  sendNothingElse('eth0');
  const packets = Array.from({ length: 300 }, (_, i) => missOne(t, plane, 1000 + i));
  const before = received('peer0');
  const outcomes = plane.sharing.settle(packets.map((packet) => ({ packet, flow: undefined })));
  t.deepEqual(new Set(outcomes), new Set(['unknown']));
  await allArrive(t, 'peer0', before, packets.length);
});

testAsRoot('packets that are dropped when they are given back take no other one along', async (t) => {
  await using far = await open({}, { services: [] }, '/sys/fs/bpf/sharing-far', ['peer0']);
  t.is(far.attachments().length, 1);
  await using plane = await open({ forwarding: { method: 'nat' } }, {}, '/sys/fs/bpf/sharing-near', ['eth0']);
  sendNothingElse('eth0');
  const packets = Array.from({ length: 300 }, (_, i) => missOne(t, plane, 1000 + i));
  const before = received('peer0');
  const settled = packets.map((packet, i) => {
    const flow = packet.image.slice();
    const tuple = decodeFlowImage(flow) as FlowImage;
    const backend = { address: Uint8Array.of(10, 0, 0, 21), port: 80 };
    encodeFlowImage({ ...tuple, state: 'established', kind: 'nat', backend }, flow);
    return { packet, flow: i % 3 === 0 ? flow : undefined };
  });
  const outcomes = plane.sharing.settle(settled);
  t.deepEqual(
    outcomes,
    settled.map(({ flow }) => (flow === undefined ? 'unknown' : 'adopted')),
  );
  await allArrive(t, 'peer0', before, 100);
  t.is((await plane.counters()).drops.no_flow, 200);
  t.is(plane.sharing.take().missed.length, 0);
});

/** The kernel's own messages of IPv6, which come when they like, would be counted with what is given back. */
function sendNothingElse(name: string): void {
  writeFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, '1');
}

/** Some may still be under way; one too many would be among them. */
async function allArrive(t: ExecutionContext, name: string, before: number, count: number): Promise<void> {
  await eventually(`${count} packets at ${name}`, () => received(name) - before >= count);
  t.is(received(name) - before, count);
}

/** Packets that an interface has received. */
function received(name: string): number {
  const [link] = JSON.parse(ip(`-s -j link show ${name}`)) as [{ stats64: { rx: { packets: number } } }];
  return link.stats64.rx.packets;
}

testAsRoot('a backend that is not here any more is said so', async (t) => {
  await using first = await open({ backends: [{ address: '10.0.0.23' }], rows: [0] });
  first.setClock(0);
  const told = tellOne(first, 1000);
  await using second = await open({ backends: [{ address: '10.0.0.21' }], rows: [0] });
  const packet = missOne(t, second, 1000);
  t.is(second.sharing.testSettle({ packet, flow: told }).outcome, 'no_backend');
});

testAsRoot('fullnat goes on with its local address and port, in both directions', async (t) => {
  const service: Partial<ForwardingService> = { forwarding: { method: 'fullnat', toa: false } };
  await using first = await open(service, { localAddresses: ['10.7.0.1'] });
  first.setClock(0);
  const told = tellOne(first, 1000);
  const [image] = imagesOf(told);
  t.is(image?.kind, 'fullnat');
  t.deepEqual(image?.local?.address, Uint8Array.of(10, 7, 0, 1));
  const localAddresses = ['10.7.0.1', '10.7.0.2'];
  await using second = await open(service, { localAddresses: ['10.7.0.2'], sharing: { ...sharing, localAddresses } });
  second.setClock(0);
  const answer = frameOf(80, Flag.ack);
  const { local, backend } = image as Required<FlowImage>;
  answer.set(backend.address, 26);
  answer.set(local.address, 30);
  new DataView(answer.buffer).setUint16(36, local.port);
  t.is(second.testRun(answer, { ingressIfindex: ifindex }).result, Action.drop);
  const [packet] = second.sharing.take().missed as [MissedPacket];
  t.is(packet.direction, 'answer');
  const { outcome, run } = second.sharing.testSettle({ packet, flow: told });
  t.deepEqual([outcome, run.result], ['adopted', Action.tx]);
  t.deepEqual([...run.packet.subarray(26, 38)], [198, 51, 100, 10, 192, 0, 2, 10, 0, 80, 3, 232]);
  // The client's packets find it, too. Found by an answer, it is not told before its time.
  const { packet: forwarded, result } = second.testRun(frameOf(1000, Flag.ack), { ingressIfindex: ifindex });
  t.is(result, Action.tx);
  t.deepEqual([...forwarded.subarray(26, 30)], [...local.address]);
  t.is(new DataView(forwarded.buffer, forwarded.byteOffset).getUint16(34), local.port);
  t.deepEqual(portsOf(second.sharing.take()), nothing);
});

testAsRoot('beyond the rate, nat drops and others go by the row', async (t) => {
  for (const [forwarding, action, reason] of [
    [{ method: 'ipip' }, Action.tx, 0],
    [{ method: 'nat' }, Action.drop, 1],
  ] as const) {
    await using plane = await open({ forwarding }, { sharing: { ...sharing, takeoversPerSecond: 0 } });
    t.is(send(plane, 1000, Flag.ack), action);
    t.is(plane.sharing.take().missed.length, 0);
    t.is(plane.sharing.counts().overRate, 1);
    t.is((await plane.counters()).drops.takeover_rate, reason);
  }
});

testAsRoot('the rate holds over a flood, and leaves some for later', async (t) => {
  await using plane = await open({}, { sharing: { ...sharing, takeoversPerSecond: 1000 } });
  const begunMs = performance.now();
  for (let port = 1; port <= 5000; port++) send(plane, port, Flag.ack);
  const tookMs = performance.now() - begunMs;
  const { missed, overRate } = plane.sharing.counts();
  t.is(missed + overRate, 5000);
  // A burst of 50 ms, and what the time that it took allows.
  t.true(missed >= 50 && missed <= 50 + tookMs + COARSE_CLOCK_MS, `${missed} of 5,000 in ${tookMs} ms`);
});

testAsRoot('nothing is told and nobody asked where nothing is shared', async (t) => {
  await using plane = await open({}, { sharing: undefined });
  plane.setClock(0);
  t.is(tellOne(plane, 1000).byteLength, 0);
  t.is(send(plane, 1001, Flag.ack), Action.tx);
  t.deepEqual(portsOf(plane.sharing.take()), nothing);
});

testAsRoot('tables with sharing need a data plane that was opened for it', async (t) => {
  await using plane = XdpDataplane.open({
    interfaces: [],
    mode: 'auto',
    pinDirectory: `/sys/fs/bpf/sharing-${directories++}`,
    limits: { services: 4, backends: 16, rows: 64, flows: 64 },
  });
  await t.throwsAsync(plane.apply({ services: [], sources: {}, hashSeed: 1n, sharing }), {
    code: 'TABLES_INVALID',
    message: /opened without it/,
  });
});
