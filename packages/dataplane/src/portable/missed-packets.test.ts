import { encodeFlowImage, type FlowImage } from '@weir/packet';
import test from 'ava';
import { defaultFlowTimeouts, type ForwardingService, type ForwardingTables } from '../dataplane.js';
import type { MissedPacket, Settlement, Sharing } from '../flow-sharing.js';
import { serviceNumber } from '../service-number.js';
import { SETTLED_FRAME_MAX } from '../xdp/layout.js';
import type { PortableEngine } from './portable-engine.js';
import {
  backend,
  bytesOf,
  engineWith,
  flag,
  hexOf,
  IFINDEX,
  node,
  outcome,
  segment,
  tablesWith,
  vip,
} from './test-support/engine.js';
import { flowsIn, imageOf, inWords } from './test-support/images.js';
import { packets } from './test-support/packets.js';

const sharing: Sharing = {
  tellAfterMs: 3000,
  takeoversPerSecond: 10,
  datagrams: false,
  localAddresses: ['10.0.0.11', '10.0.0.12', 'fd00::11'],
};
const timeouts = { ...defaultFlowTimeouts, tcpEstablishedMs: 15_000 };
const shared: Partial<ForwardingTables> = { sharing, timeouts };
const listener = { vip: vip[4], protocol: 'tcp', port: 80 } as const;
const listeners = [listener];
const two = [{ address: backend[4] }, { address: '10.0.0.22' }];
const next: Partial<ForwardingService> = { listeners, scheduling: { pick: 'next' }, backends: two, rows: [0] };
const nat: Partial<ForwardingService> = {
  listeners,
  forwarding: { method: 'nat' },
  backends: [{ address: backend[4], port: 8080 }],
};
const fullnat: Partial<ForwardingService> = { ...nat, forwarding: { method: 'fullnat', toa: false } };
const dns: Partial<ForwardingService> = {
  listeners: [{ vip: vip[4], protocol: 'udp', port: 53 }],
  forwarding: { method: 'nat' },
  backends: [{ address: backend[4], port: 5353 }],
};
const { syn, ack, rst } = flag;
const unknownSegment = segment({ flags: ack });
const end = (address: string, port: number) => ({ address: Uint8Array.from(address.split('.'), Number), port });

/** The flow of `segment()`, as another node told it. */
const flow: FlowImage = {
  protocol: 6,
  state: 'established',
  kind: 'plain',
  service: serviceNumber(listener),
  client: end('192.0.2.10', 1234),
  vip: end(vip[4], 80),
  backend: end('10.0.0.22', 0),
};
const natFlow: FlowImage = { ...flow, kind: 'nat', backend: end(backend[4], 8080) };
const fullnatFlow: FlowImage = { ...natFlow, kind: 'fullnat', local: end('10.0.0.12', 2000) };

function missedIn(engine: PortableEngine): MissedPacket {
  const { missed } = engine.takeEvents();
  if (missed.length !== 1) throw new Error(`${missed.length} packets were missed`);
  return missed[0] as MissedPacket;
}

function settle(
  engine: PortableEngine,
  packet: MissedPacket,
  image?: FlowImage,
  tick = 0,
): readonly [Settlement, string] {
  const { settlement, verdict } = engine.settle({ packet, flow: image && imageOf(image) }, tick);
  if (verdict.action === 'transmit') return [settlement, hexOf(verdict.frame)];
  return [settlement, verdict.action === 'drop' ? (verdict.reason ?? 'handed up') : verdict.action];
}

const outerDestination = (frame: string) => frame.slice(60, 68);
const answerTo = (to: string, toPort: number, flags = 0x12) =>
  segment({ client: backend[4], port: 8080, to, toPort, flags });

const asked: readonly (readonly [string, Partial<ForwardingService>, string, boolean])[] = [
  ['a segment for nat', nat, unknownSegment, true],
  ["a segment for a choice that can't be recomputed", next, unknownSegment, true],
  [
    'a segment for a service with persistence',
    { ...next, scheduling: { pick: 'hash', of: 'flow' }, persistence: { timeoutMs: 1000, prefix4: 32, prefix6: 128 } },
    unknownSegment,
    true,
  ],
  ['a segment of a kept row', { listeners, keptRows: [0] }, unknownSegment, true],
  ['a segment of a row that is not kept', { listeners }, unknownSegment, false],
  ['a SYN', nat, segment({ flags: syn }), false],
  ['a SYN with ACK', nat, segment({ flags: syn | ack }), true],
  ['a RST', nat, segment({ flags: rst }), true],
  ['a datagram', dns, packets.query4, false],
];
for (const [what, service, frame, isAsked] of asked) {
  test(`${what}, of an unknown flow: ${isAsked ? 'handed up' : 'not handed up'}`, (t) => {
    const engine = engineWith([service], shared);
    t.is(outcome(engine, frame) === 'handed up', isAsked);
    t.is(engine.takeEvents().missed.length, isAsked ? 1 : 0);
    t.is(engine.sharingCounts.missed, isAsked ? 1 : 0);
    t.true(Object.values(engine.counters().drops).every((count) => count === 0));
  });
}

test('datagrams are handed up where that is wanted', (t) => {
  const engine = engineWith([dns], { sharing: { ...sharing, datagrams: true } });
  t.is(outcome(engine, packets.query4), 'handed up');
});

test('a missed packet has all its bytes, where it came from, and the client in its image', (t) => {
  const engine = engineWith([nat], shared);
  const frame = `${unknownSegment}000000000000`;
  outcome(engine, frame);
  const missed = missedIn(engine);
  t.like(missed, { direction: 'client', ifindex: IFINDEX });
  t.is(hexOf(missed.frame), frame);
  const image = imageOf({ ...flow, state: 'none', backend: end('0.0.0.0', 0) });
  t.is(hexOf(missed.image), hexOf(image));
});

test('beyond the rate nat drops; others go by the row, and are not remembered', (t) => {
  const none = { sharing: { ...sharing, takeoversPerSecond: 0 } };
  const translating = engineWith([nat], none);
  t.is(outcome(translating, unknownSegment), 'takeover_rate');
  t.is(translating.counters().drops.takeover_rate, 1);
  for (const service of [next, { listeners, backends: two, keptRows: [0] }]) {
    const engine = engineWith([service], none);
    t.is(outerDestination(outcome(engine, unknownSegment)), '0a000015');
    t.deepEqual([...engine.flows()], []);
    t.like(engine.sharingCounts, { missed: 0, overRate: 1 });
  }
});

test('a frame that is too long to be given back finds no room', (t) => {
  const engine = engineWith([nat], shared);
  const padded = (bytes: number) => unknownSegment + '00'.repeat(bytes - unknownSegment.length / 2);
  t.is(outcome(engine, padded(SETTLED_FRAME_MAX)), 'handed up');
  t.is(outcome(engine, padded(SETTLED_FRAME_MAX + 1)), 'takeover_rate');
  t.like(engine.sharingCounts, { overRate: 0, lost: 1 });
});

test('packets that nobody takes fill the room for them, and others are lost', (t) => {
  const engine = engineWith([nat], shared, {}, { missed: 2 });
  t.deepEqual(
    [1, 2, 3].map(() => outcome(engine, unknownSegment)),
    ['handed up', 'handed up', 'handed up'],
  );
  t.like(engine.sharingCounts, { missed: 2, lost: 1 });
  t.is(engine.takeEvents().missed.length, 2);
  t.is(outcome(engine, unknownSegment), 'handed up');
});

const answers: readonly (readonly [string, Partial<ForwardingService>, string, boolean])[] = [
  ['of nat to a client', nat, answerTo('192.0.2.10', 1234), true],
  ['of nat to this node', nat, answerTo(node[4], 1234), false],
  ["from another port than nat's", nat, segment({ client: backend[4], port: 80, to: '192.0.2.10', flags: ack }), false],
  ['of fullnat to a local address of another node', fullnat, answerTo('10.0.0.12', 1234), true],
  ['of fullnat to a local address of this node', fullnat, answerTo(node[4], 1234), true],
  ['of fullnat to somebody else', fullnat, answerTo('192.0.2.10', 1234), false],
  ['that opens a connection', nat, answerTo('192.0.2.10', 1234, syn), false],
  ['of a tunnel', next, answerTo('192.0.2.10', 1234), false],
];
for (const [what, service, frame, isAsked] of answers) {
  test(`an answer ${what}, of an unknown flow: ${isAsked ? 'handed up' : "the kernel's"}`, (t) => {
    const engine = engineWith([service], shared);
    t.is(outcome(engine, frame), isAsked ? 'handed up' : 'pass');
  });
}

test("a missed answer has the backend and whom it is to in its image; beyond the rate it is the kernel's", (t) => {
  const engine = engineWith([fullnat], shared);
  outcome(engine, answerTo('10.0.0.12', 2000));
  const { direction, image } = missedIn(engine);
  t.is(direction, 'answer');
  const expected = new Uint8Array(80);
  const nobody = end('0.0.0.0', 0);
  encodeFlowImage(
    {
      protocol: 6,
      state: 'none',
      kind: 'plain',
      service: 0,
      client: nobody,
      vip: nobody,
      backend: end(backend[4], 8080),
      local: end('10.0.0.12', 2000),
    },
    expected,
  );
  t.is(hexOf(image), hexOf(expected));
  engine.apply(tablesWith([fullnat], { sharing: { ...sharing, takeoversPerSecond: 0 } }));
  t.is(outcome(engine, answerTo('10.0.0.12', 2000)), 'pass');
  t.is(engine.sharingCounts.overRate, 1);
});

test('a flow that is found goes on with its backend, and its packet is sent', (t) => {
  const engine = engineWith([next], shared);
  outcome(engine, unknownSegment, 10);
  const [settlement, sent] = settle(engine, missedIn(engine), flow, 11);
  t.is(settlement, 'adopted');
  t.is(outerDestination(sent), '0a000016');
  t.is(outerDestination(outcome(engine, unknownSegment, 12)), '0a000016');
  t.is(engine.sharingCounts.adopted, 1);
  t.like(engine.counters().services[0]?.backends[1], { activeConnections: 1, packets: 2 });
});

test('found by the client it counts as told: it is told again after a third of its timeout, and its end is told', (t) => {
  const engine = engineWith([next], shared);
  outcome(engine, unknownSegment, 10);
  settle(engine, missedIn(engine), flow, 11);
  t.deepEqual(flowsIn([...engine.told()][0] as Uint8Array).map(inWords), [inWords(flow)]);
  outcome(engine, unknownSegment, 15);
  t.false(engine.hasEvents);
  outcome(engine, unknownSegment, 16);
  t.is(hexOf(engine.takeEvents().refreshed), hexOf(imageOf(flow)));
  outcome(engine, segment({ flags: rst }), 17);
  t.is(flowsIn(engine.takeEvents().ended).length, 1);
});

test('found by an answer it is not told, until the client uses it for as long as a new flow', (t) => {
  const engine = engineWith([fullnat], shared);
  outcome(engine, answerTo('10.0.0.12', 2000), 10);
  const [settlement, sent] = settle(engine, missedIn(engine), fullnatFlow, 11);
  t.is(settlement, 'adopted');
  t.is(sent.slice(52, 76), 'c633640ac000020a005004d2', 'from the VIP to the client');
  t.deepEqual([...engine.told()], []);
  outcome(engine, unknownSegment, 13);
  t.false(engine.hasEvents);
  outcome(engine, unknownSegment, 14);
  t.is(hexOf(engine.takeEvents().told), hexOf(imageOf(fullnatFlow)));
});

test('fullnat goes on with the local address and port of the other node', (t) => {
  const engine = engineWith([fullnat], shared);
  outcome(engine, unknownSegment);
  const [, sent] = settle(engine, missedIn(engine), fullnatFlow);
  t.is(sent.slice(52, 76), '0a00000c0a00001507d01f90');
});

test('packets of a flow that nobody knows: nat drops them, others go by the row and are asked about once', (t) => {
  const translating = engineWith([nat], shared);
  outcome(translating, unknownSegment);
  t.deepEqual(settle(translating, missedIn(translating)), ['unknown', 'no_flow']);
  t.is(outcome(translating, unknownSegment), 'handed up');
  for (const service of [next, { listeners, backends: two, keptRows: [0] }]) {
    const engine = engineWith([service], shared);
    outcome(engine, unknownSegment);
    const [settlement, sent] = settle(engine, missedIn(engine));
    t.is(settlement, 'unknown');
    t.is(outerDestination(sent), '0a000015');
    t.is(outerDestination(outcome(engine, unknownSegment)), '0a000015');
    t.is([...engine.flows()].length, 1);
  }
});

test("an answer of a flow that nobody knows is the kernel's, a datagram begins a flow", (t) => {
  const engine = engineWith([nat], shared);
  outcome(engine, answerTo('192.0.2.10', 1234));
  t.deepEqual(settle(engine, missedIn(engine)), ['unknown', 'pass']);
  const datagrams = engineWith([dns], { sharing: { ...sharing, datagrams: true } });
  outcome(datagrams, packets.query4);
  const [, sent] = settle(datagrams, missedIn(datagrams));
  t.true(sent.startsWith('0200000000aa'));
  t.is([...datagrams.flows()].length, 1);
});

test('a datagram of a flow that nobody knows is asked about once, also over the rate of new flows', (t) => {
  const guard = { deny: [], allow: [], newFlowsPerSecond: 1, newFlowsPerSource: 0 };
  const stateful = {
    ...dns,
    forwarding: { method: 'ipip' } as const,
    scheduling: { pick: 'next' } as const,
    backends: two,
  };
  const engine = engineWith([stateful], { sharing: { ...sharing, datagrams: true }, guard });
  const other = packets.query4.replace('0fa00035', '0fa10035');
  for (const frame of [packets.query4, other]) {
    outcome(engine, frame);
    t.true(settle(engine, missedIn(engine))[1].startsWith('0200000000aa'));
    t.not(outcome(engine, frame), 'handed up');
  }
});

test('a later fragment goes where its first one went once that was settled', (t) => {
  const engine = engineWith([nat], shared);
  const first = packets.syn4.replace('000700004006', '000720004006').replace('5002', '5010');
  const later = packets.syn4.replace('000700004006', '000700054006');
  outcome(engine, first);
  t.is(outcome(engine, later), 'fragment_unknown');
  settle(engine, missedIn(engine), natFlow);
  t.is(outerDestination(outcome(engine, later)), '0a000015');
});

test('several packets of one flow: the first one makes it known', (t) => {
  const engine = engineWith([nat], shared);
  outcome(engine, unknownSegment);
  const missed = missedIn(engine);
  t.is(settle(engine, missed, natFlow)[0], 'adopted');
  const [settlement, sent] = settle(engine, missed, natFlow);
  t.is(settlement, 'known');
  t.true(sent.startsWith('0200000000aa'));
  t.is(engine.sharingCounts.adopted, 1);
});

const refused: readonly (readonly [string, Partial<FlowImage>])[] = [
  ['of another service', { service: 1 }],
  ["of a VIP that is not its service's", { vip: end('198.51.100.99', 80) }],
  ['of a backend that is gone', { backend: end('10.0.0.99', 8080) }],
  ['of a backend under another port', { backend: end(backend[4], 8081) }],
  ['of another method', { kind: 'plain' }],
  ['that is over', { state: 'close' }],
  ['in the state of another protocol', { state: 'datagram' }],
];
for (const [what, change] of refused) {
  test(`a flow ${what} is not adopted, and its packet is not asked about again`, (t) => {
    const engine = engineWith([nat], shared);
    outcome(engine, unknownSegment);
    t.deepEqual(settle(engine, missedIn(engine), { ...natFlow, ...change }), ['no_backend', 'no_flow']);
    t.deepEqual([...engine.flows()], []);
    t.false(engine.hasEvents);
  });
}

test('bytes that are no image are no flow', (t) => {
  const engine = engineWith([nat], shared);
  outcome(engine, unknownSegment);
  const packet = missedIn(engine);
  for (const image of [new Uint8Array(80), new Uint8Array(3), new Uint8Array(80).fill(0xff)]) {
    t.is(engine.settle({ packet, flow: image }, 0).settlement, 'no_backend');
    t.notThrows(() => engine.forget(image));
  }
});

test('a backend that keeps the port of the VIP is the one that packets went to', (t) => {
  const engine = engineWith([{ ...nat, backends: [{ address: backend[4] }] }], shared);
  outcome(engine, unknownSegment);
  t.is(settle(engine, missedIn(engine), { ...natFlow, backend: end(backend[4], 80) })[0], 'adopted');
});

test('a local address and port that another flow has by now are no room', (t) => {
  const engine = engineWith([fullnat], shared);
  outcome(engine, segment({ port: 7, flags: syn }));
  const [here] = [...engine.flows()];
  const near = here?.translation?.near;
  outcome(engine, unknownSegment);
  t.deepEqual(settle(engine, missedIn(engine), { ...fullnatFlow, ...(near && { local: near }) }), [
    'no_room',
    'no_flow',
  ]);
  t.is([...engine.flows()].length, 1);
});

test('new flows of fullnat take local ports of the part that this node has', (t) => {
  const services = [1, 2, 3].map((i) => ({ ...fullnat, listeners: [{ ...listener, vip: `198.51.100.${10 + i}` }] }));
  const engine = engineWith(services, { localPorts: { first: 2000, last: 2001 } });
  const ports = services.map(({ listeners: [{ vip: to } = listener] }) =>
    outcome(engine, segment({ to })).slice(68, 72),
  );
  t.deepEqual(ports.slice(0, 2).sort(), ['07d0', '07d1']);
  t.is(ports[2], '');
  t.is(engine.counters().drops.no_local_port, 1);
});

test('what sharing and local ports may be is checked before anything is changed', (t) => {
  const engine = engineWith([nat], shared);
  t.throws(() => engine.apply(tablesWith([nat], { sharing: { ...sharing, tellAfterMs: -1 } })), {
    message: /tellAfterMs -1/,
  });
  t.throws(() => engine.apply(tablesWith([nat], { localPorts: { first: 1, last: 2 } })), {
    message: /localPorts 1 to 2/,
  });
  t.is(outcome(engine, hexOf(bytesOf(unknownSegment))), 'handed up');
});
