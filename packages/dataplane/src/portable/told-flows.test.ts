import test from 'ava';
import { defaultFlowTimeouts, type ForwardingService, type ForwardingTables } from '../dataplane.js';
import type { Sharing } from '../flow-sharing.js';
import { serviceNumber } from '../service-number.js';
import type { PortableEngine } from './portable-engine.js';
import { backend, engineWith, flag, outcome, segment, tablesWith, vip } from './test-support/engine.js';
import { flowsIn, inWords } from './test-support/images.js';
import { packets } from './test-support/packets.js';

const sharing: Sharing = { tellAfterMs: 2500, takeoversPerSecond: 10, datagrams: false, localAddresses: [] };
/** A third of established: 4 ticks, of fin: 2. */
const timeouts = { ...defaultFlowTimeouts, tcpEstablishedMs: 14_000, tcpFinMs: 7000 };
const shared: Partial<ForwardingTables> = { sharing, timeouts };
const next: Partial<ForwardingService> = { scheduling: { pick: 'next' } };
const nat: Partial<ForwardingService> = {
  forwarding: { method: 'nat' },
  backends: [{ address: backend[4], port: 8080 }],
};
const { syn, ack, fin, rst } = flag;
const flowIs = (state: string) => `${state} 192.0.2.10:1234 198.51.100.10:80 10.0.0.21:0`;

/** What was told, told again and ended since the last call. */
function news(engine: PortableEngine): readonly string[] {
  const { told, refreshed, ended } = engine.takeEvents();
  return Object.entries({ told, refreshed, ended }).flatMap(([kind, images]) =>
    flowsIn(images).map((flow) => `${kind} ${inWords(flow)}`),
  );
}

/** A flow of the client from tick 0 on, told at tick 3. */
function toldFlow(services: readonly Partial<ForwardingService>[] = [next]): PortableEngine {
  const engine = engineWith(services, shared);
  outcome(engine, segment({ flags: syn }), 0);
  outcome(engine, segment({ flags: ack }), 3);
  engine.takeEvents();
  return engine;
}

test('a flow in use is told once it is old enough, then after each third of its timeout', (t) => {
  const engine = engineWith([next], shared);
  outcome(engine, segment({ flags: syn }));
  const toldAt = Array.from({ length: 14 }, (_, tick) => {
    outcome(engine, segment({ flags: ack }), tick);
    outcome(engine, segment({ flags: ack }), tick);
    return news(engine).map((line) => `${tick} ${line}`);
  });
  t.deepEqual(toldAt.flat(), [
    `3 told ${flowIs('established')}`,
    `7 refreshed ${flowIs('established')}`,
    `11 refreshed ${flowIs('established')}`,
  ]);
  t.like(engine.sharingCounts, { told: 3, ended: 0, lost: 0 });
});

test('a flow in syn is not told; its first segment tells it in the same tick', (t) => {
  const engine = engineWith([next], shared);
  outcome(engine, segment({ flags: syn }), 0);
  outcome(engine, segment({ flags: syn }), 5);
  t.deepEqual(news(engine), []);
  outcome(engine, segment({ flags: ack }), 5);
  t.deepEqual(news(engine), [`told ${flowIs('established')}`]);
});

test('only the first packet of a tick finds a flow due', (t) => {
  const udp = { ...next, listeners: [{ vip: vip[4], protocol: 'udp', port: 53 }] } as const;
  const engine = engineWith([udp], { ...shared, sharing: { ...sharing, tellAfterMs: 0 } });
  outcome(engine, packets.query4, 5);
  outcome(engine, packets.query4, 5);
  t.deepEqual(news(engine), []);
  outcome(engine, packets.query4, 6);
  t.is(news(engine).length, 1);
});

test('a flow that is as old as it has to be is not told before it is used', (t) => {
  const engine = engineWith([next], shared);
  outcome(engine, segment({ flags: syn }), 0);
  outcome(engine, segment({ flags: ack }), 1);
  engine.sweep(10);
  t.deepEqual(news(engine), []);
});

test('after the first FIN it is told by the timeout of that state', (t) => {
  const engine = toldFlow();
  outcome(engine, segment({ flags: fin | ack }), 7);
  t.deepEqual(news(engine), [`refreshed ${flowIs('fin_by_client')}`]);
  outcome(engine, segment({ flags: ack }), 8);
  t.deepEqual(news(engine), []);
  outcome(engine, segment({ flags: ack }), 9);
  t.deepEqual(news(engine), [`refreshed ${flowIs('fin_by_client')}`]);
});

test('it is told again every 300 ticks however long it may be silent', (t) => {
  const engine = engineWith([next], { sharing, timeouts: { ...timeouts, tcpEstablishedMs: 86_400_000 } });
  outcome(engine, segment({ flags: syn }), 0);
  for (const [tick, events] of [
    [3, 1],
    [302, 0],
    [303, 1],
    [5000, 1],
  ] as const) {
    outcome(engine, segment({ flags: ack }), tick);
    t.is(news(engine).length, events, `tick ${tick}`);
  }
});

test('the image says what another node needs to go on', (t) => {
  const listener = { vip: vip[4], protocol: 'tcp', port: 80 } as const;
  for (const [forwarding, ends] of [
    [{ method: 'nat' }, `established 192.0.2.10:1234 198.51.100.10:80 10.0.0.21:8080`],
    [{ method: 'fullnat', toa: false }, `established 192.0.2.10:1234 198.51.100.10:80 10.0.0.21:8080 10.0.0.11:43120`],
  ] as const) {
    const engine = engineWith([{ ...nat, forwarding, listeners: [listener] }], shared);
    outcome(engine, segment({ flags: syn }), 0);
    outcome(engine, segment({ flags: ack }), 3);
    const [flow] = flowsIn(engine.takeEvents().told);
    t.is(flow && inWords(flow), ends);
    t.like(flow, { kind: forwarding.method, service: serviceNumber(listener), protocol: 6 });
  }
});

test('flows that the rows alone can say are not told, but those are that a kept row sends elsewhere', (t) => {
  const backends = [{ address: backend[4] }, { address: '10.0.0.22' }];
  const hashed = { backends, keptRows: [0], rows: [0] };
  const engine = engineWith([hashed], shared);
  outcome(engine, segment({ flags: syn }), 0);
  outcome(engine, segment({ flags: ack }), 4);
  t.deepEqual(news(engine), []);
  engine.apply(tablesWith([{ ...hashed, rows: [1] }], shared));
  outcome(engine, segment({ flags: ack }), 5);
  t.deepEqual(news(engine), [`told ${flowIs('established')}`]);
});

const ends: readonly (readonly [string, (engine: PortableEngine) => void])[] = [
  ['a RST of the client', (engine) => outcome(engine, segment({ flags: rst }), 4)],
  ['the time that it may be silent', (engine) => engine.sweep(18)],
  ['its next packet, when that comes too late', (engine) => outcome(engine, segment({ flags: syn }), 18)],
  [
    'the loss of its backend',
    (engine) => {
      engine.apply(tablesWith([{ ...next, backends: [{ address: '10.0.0.22' }] }], shared));
      engine.sweep(4);
    },
  ],
];
for (const [what, happens] of ends) {
  test(`a flow that was told is ended, once, by ${what}`, (t) => {
    const engine = toldFlow();
    happens(engine);
    t.deepEqual(news(engine), [`ended ${flowIs('established')}`]);
    engine.sweep(100);
    t.deepEqual(news(engine), []);
    t.is(engine.sharingCounts.ended, 1);
  });
}

test('answers end a flow too, and packets that are not the first of their tick', (t) => {
  const answer = (flags: number) => segment({ client: backend[4], port: 8080, to: '192.0.2.10', toPort: 1234, flags });
  for (const [first, second] of [
    [answer(rst), segment({ flags: ack })],
    [answer(fin | ack), segment({ flags: fin | ack })],
  ] as const) {
    const engine = toldFlow([nat]);
    outcome(engine, first, 3);
    outcome(engine, second, 3);
    t.is(flowsIn(engine.takeEvents().ended).length, 1);
  }
});

test("no end is told of what was not told, gives way, or is another node's by now", (t) => {
  const young = engineWith([next], shared);
  outcome(young, segment({ flags: syn }));
  outcome(young, segment({ flags: rst }));
  t.deepEqual(news(young), []);

  const small = engineWith([next], shared, {}, { flows: 2 });
  for (const tick of [0, 3]) outcome(small, segment({ flags: tick === 0 ? syn : ack }), tick);
  for (const port of [1, 2]) outcome(small, segment({ port, flags: syn }), 4);
  t.deepEqual(news(small), [`told ${flowIs('established')}`]);

  const yielding = engineWith([next], shared);
  for (const tick of [0, 3]) outcome(yielding, segment({ flags: tick === 0 ? syn : ack }), tick);
  yielding.forget(yielding.takeEvents().told);
  t.deepEqual([...yielding.flows()], []);
  yielding.sweep(100);
  t.deepEqual(news(yielding), []);
});

for (const [last, flags] of [
  ['RST', rst],
  ['FIN', fin | ack],
] as const) {
  test(`a connection by the same ports after a ${last} ends what was told, and is told like a new one`, (t) => {
    const engine = toldFlow();
    outcome(engine, segment({ flags }), 3);
    outcome(engine, segment({ flags: syn }), 10);
    t.deepEqual(news(engine), [`ended ${flowIs('established')}`]);
    outcome(engine, segment({ flags: ack }), 12);
    t.deepEqual(news(engine), []);
    outcome(engine, segment({ flags: ack }), 13);
    t.deepEqual(news(engine), [`told ${flowIs('established')}`]);
  });
}

test('without sharing nothing is told; with it, those from before are told at once', (t) => {
  const engine = engineWith([next], { timeouts });
  outcome(engine, segment({ flags: syn }), 10);
  outcome(engine, segment({ flags: ack }), 12);
  t.false(engine.hasEvents);
  engine.apply(tablesWith([next], shared));
  outcome(engine, segment({ flags: ack }), 13);
  t.deepEqual(news(engine), [`told ${flowIs('established')}`]);
});

test('what was told with sharing is ended without it, too', (t) => {
  const engine = toldFlow();
  engine.apply(tablesWith([next], { timeouts }));
  outcome(engine, segment({ flags: ack }), 10);
  t.deepEqual(news(engine), []);
  outcome(engine, segment({ flags: rst }), 11);
  t.deepEqual(news(engine), [`ended ${flowIs('established')}`]);
});

test('a flow that finds no room stays due, and its loss is counted', (t) => {
  const engine = engineWith([next], shared, {}, { events: 1 });
  for (const port of [1, 2]) outcome(engine, segment({ port, flags: syn }), 0);
  for (const port of [1, 2]) outcome(engine, segment({ port, flags: ack }), 3);
  t.is(news(engine).length, 1);
  t.like(engine.sharingCounts, { told: 1, lost: 1 });
  for (const port of [1, 2]) outcome(engine, segment({ port, flags: ack }), 4);
  t.deepEqual(news(engine), ['told established 192.0.2.10:2 198.51.100.10:80 10.0.0.21:0']);
});

test('all flows that were told and are not over can be asked for', (t) => {
  const engine = engineWith([next], shared);
  const ports = Array.from({ length: 1500 }, (_, i) => i + 1);
  for (const port of ports) outcome(engine, segment({ port, flags: syn }), 0);
  for (const port of ports.slice(100)) outcome(engine, segment({ port, flags: ack }), 3);
  for (const port of ports.slice(0, 200)) outcome(engine, segment({ port, flags: rst }), 4);
  outcome(engine, segment({ port: 1500, flags: fin | ack }), 4);
  const last = [...engine.told()].flatMap((piece) => flowsIn(piece)).find(({ client }) => client.port === 1500);
  t.is(last?.state, 'fin_by_client', 'as they are now');
  const pieces = [...engine.told()].map((piece) => flowsIn(piece).map(({ client }) => client.port));
  t.true(pieces.length > 1);
  t.deepEqual(
    pieces.flat().sort((a, b) => a - b),
    ports.slice(200),
  );
});
