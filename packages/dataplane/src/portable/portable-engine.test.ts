import test from 'ava';
import type { ForwardingService } from '../dataplane.js';
import {
  backend,
  bytesOf,
  engineWith,
  flag,
  outcome,
  segment,
  tablesWith,
  ticksIn,
  vip,
} from './test-support/engine.js';
import { packets } from './test-support/packets.js';

const to = { 4: { address: backend[4], port: 8080 }, 6: { address: backend[6], port: 8080 } } as const;
const nat = (family: 4 | 6): Partial<ForwardingService> => ({
  forwarding: { method: 'nat' },
  backends: [to[family]],
});
const dns: Partial<ForwardingService> = {
  listeners: [{ vip: vip[4], protocol: 'udp', port: 53 }],
  forwarding: { method: 'nat' },
  backends: [{ address: backend[4], port: 5353 }],
};
const fullnat = (family: 4 | 6): Partial<ForwardingService> => ({
  forwarding: { method: 'fullnat', toa: true },
  backends: [to[family]],
});

const forwarded: readonly (readonly [
  string,
  Partial<ForwardingService>,
  keyof typeof packets,
  keyof typeof packets,
])[] = [
  ['nat gives IPv4 the backend as destination', nat(4), 'syn4', 'nat4'],
  ['nat gives IPv6 the backend as destination', nat(6), 'syn6', 'nat6'],
  ['fullnat tells the client of IPv4 in an option', fullnat(4), 'syn4', 'toa4'],
  ['fullnat tells the client of IPv6 in an option', fullnat(6), 'syn6', 'toa6'],
  ['IPv6 goes through IPv4', {}, 'syn6', 'ipip64'],
  ['GRE names the EtherType of what it carries', { forwarding: { method: 'gre' } }, 'syn4', 'gre44'],
  ['GUE names the protocol', { forwarding: { method: 'gue', port: 6080, header: 'gue' } }, 'syn4', 'gue44'],
  [
    'FOU is a UDP header alone, over IPv6 with the flow in its label',
    { forwarding: { method: 'gue', port: 6080, header: 'none' }, backends: [{ address: backend[6] }] },
    'syn4',
    'fou46',
  ],
];
for (const [title, service, frame, expected] of forwarded) {
  test(title, (t) => t.is(outcome(engineWith([service]), packets[frame]), packets[expected]));
}

test('dr changes MAC addresses and takes a hop', (t) => {
  const engine = engineWith([{ forwarding: { method: 'dr' } }]);
  const [arrived, left] = [packets.syn4, outcome(engine, packets.syn4)];
  t.is(left.slice(0, 28), '0200000000aa0200000000bb0800');
  t.is(left.slice(28), arrived.slice(28).replace('000700004006', '000700003f06').replace('8e57', '8f57'));
});

test('the answer of a backend leaves as if the VIP had sent it', (t) => {
  const engine = engineWith([nat(4)]);
  t.is(outcome(engine, packets.answer4), 'pass');
  outcome(engine, packets.syn4);
  t.is(outcome(engine, packets.answer4), packets.answered4);
});

test('echo requests for a VIP are answered, for others they are not', (t) => {
  const engine = engineWith([{}]);
  t.is(outcome(engine, packets.echo4), packets.reply4);
  t.is(outcome(engine, packets.echo6), packets.reply6);
  t.is(outcome(engine, packets.echo4.replace('c633640a', 'c633640b')), 'pass');
});

test('the last hop is told that time is exceeded, and the drop is counted', (t) => {
  const engine = engineWith([{}]);
  t.is(outcome(engine, packets.last4), packets.exceeded4);
  t.is(outcome(engine, packets.last6), packets.exceeded6);
  t.is(engine.counters().drops.ttl_expired, 2);
});

test('an error that quotes no more than eight bytes of UDP reaches the backend of its flow', (t) => {
  const engine = engineWith([dns]);
  t.is(outcome(engine, packets.toVip4), 'icmp_unknown');
  outcome(engine, packets.query4);
  t.is(outcome(engine, packets.toVip4), packets.toBackend4);
});

test('an error of a backend about what nat sent it reaches the client, about what that sent', (t) => {
  const engine = engineWith([dns]);
  t.is(outcome(engine, packets.fromBackend4), 'pass');
  outcome(engine, packets.query4);
  t.is(outcome(engine, packets.fromBackend4), packets.toClient4);
});

test('what does not fit the tunnel is answered with the MTU that does', (t) => {
  const engine = engineWith([{}], {}, { mtuBytes: 59 });
  const told = bytesOf(outcome(engine, packets.syn4));
  t.deepEqual([...told.subarray(34, 36)], [3, 4]);
  t.is(new DataView(told.buffer).getUint16(40), 39);
  t.is(told.byteLength, 14 + 20 + 8 + 40);
  t.deepEqual([...told.subarray(26, 30)], [198, 51, 100, 10]);
  t.is(engine.counters().drops.too_big, 1);
});

test('a frame for another node is not touched', (t) => {
  const engine = engineWith([{}]);
  t.is(outcome(engine, packets.syn4.replace('0200000000bb', '0200000000bc')), 'pass');
});

test('a packet of an unknown flow ends at nat, and goes by its hash elsewhere', (t) => {
  t.is(outcome(engineWith([nat(4)]), segment({ flags: flag.ack })), 'no_flow');
  const least = engineWith([{ scheduling: { pick: 'least', cost: 'lc' } }]);
  t.true(outcome(least, segment({ flags: flag.ack })).startsWith('0200000000aa'));
  t.deepEqual([...least.flows()], []);
});

test('a flow goes on with its backend after a change of rows, until that backend is gone', (t) => {
  const other = { address: '10.0.0.22' };
  const backends = [{ address: backend[4] }, other];
  const service = { scheduling: { pick: 'next' }, backends, rows: [0] } as const;
  const engine = engineWith([service]);
  const outerDestination = (flags: number) => outcome(engine, segment({ flags })).slice(60, 68);
  t.is(outerDestination(flag.syn), '0a000015');
  engine.apply(tablesWith([{ ...service, rows: [1] }]));
  t.is(outerDestination(flag.ack), '0a000015');
  const changes = engine.apply(tablesWith([{ ...service, backends: [other] }]));
  t.like(changes, { backendsRemoved: 1, backendsAdded: 0 });
  t.is(outerDestination(flag.syn), '0a000016');
});

test('a kept row keeps its flows, a row that is not kept follows the table', (t) => {
  const backends = [{ address: backend[4] }, { address: '10.0.0.22' }];
  for (const [keptRows, last] of [
    [[0], '0a000015'],
    [[], '0a000016'],
  ] as const) {
    const engine = engineWith([{ backends, keptRows, rows: [0] }]);
    outcome(engine, segment({ flags: flag.ack }));
    engine.apply(tablesWith([{ backends, keptRows, rows: [1] }]));
    t.is(outcome(engine, segment({ flags: flag.ack })).slice(60, 68), last);
  }
});

test('connections are counted by state, and after a sweep without those that expired', (t) => {
  const engine = engineWith([nat(4)]);
  const counted = () => {
    const [counts] = engine.counters().services[0]?.backends ?? [];
    return [counts?.activeConnections, counts?.inactiveConnections];
  };
  outcome(engine, segment());
  t.deepEqual(counted(), [0, 1]);
  outcome(engine, segment({ flags: flag.ack }), 1);
  t.deepEqual(counted(), [1, 0]);
  outcome(engine, segment({ flags: flag.ack | flag.fin }), 2);
  t.deepEqual(counted(), [0, 1]);
  engine.sweep(2 + ticksIn(120));
  t.deepEqual(counted(), [0, 1]);
  engine.sweep(3 + ticksIn(120));
  t.deepEqual(counted(), [0, 0]);
});

test('later fragments follow the first one, without ports', (t) => {
  const engine = engineWith([nat(4)]);
  const first = packets.syn4.replace('000700004006', '000720004006');
  const later = packets.syn4.replace('000700004006', '000700054006');
  t.is(outcome(engine, later), 'fragment_unknown');
  outcome(engine, first);
  const left = outcome(engine, later);
  t.is(left.slice(60, 68), '0a000015');
  t.is(left.slice(68), later.slice(68), 'what is no transport header stays as it is');
  t.is(outcome(engine, later, ticksIn(15) + 1), 'fragment_unknown');
});

test('networks: the longest decides, and a service is closed to who is denied', (t) => {
  const guard = { deny: ['192.0.2.0/24'], allow: ['192.0.2.8/29'], newFlowsPerSecond: 0, newFlowsPerSource: 0 };
  const engine = engineWith([{}], { guard });
  t.is(outcome(engine, segment({ client: '192.0.2.16' })), 'denied');
  t.not(outcome(engine, segment({ client: '192.0.2.10' })), 'denied');
  t.not(outcome(engine, segment({ client: '192.0.3.16' })), 'denied');
});

test('a source, and the node, open so many flows in a second, and as many again in the next', (t) => {
  const guard = { deny: [], allow: [], newFlowsPerSecond: 3, newFlowsPerSource: 2 };
  const engine = engineWith([nat(4)], { guard });
  const opens = (client: string, port: number, tick: number) =>
    outcome(engine, segment({ client, port }), tick).replace(/^0200.*/, 'sent');
  t.is(opens('192.0.2.1', 1, 0), 'sent');
  t.is(opens('192.0.2.1', 2, 0), 'sent');
  t.is(opens('192.0.2.1', 3, 0), 'source_rate');
  t.is(opens('192.0.2.2', 1, 0), 'sent');
  t.is(opens('192.0.2.3', 1, 0), 'flow_rate');
  t.is(opens('192.0.2.1', 3, ticksIn(1)), 'sent');
});

test('fullnat takes the next port where one is in use, and gives up after sixteen', (t) => {
  const services = Array.from({ length: 17 }, (_, i) => ({
    ...fullnat(4),
    listeners: [{ vip: `198.51.100.${10 + i}`, protocol: 'tcp', port: 80 }] as const,
  }));
  const engine = engineWith(services);
  const ports = services.map(({ listeners: [{ vip: address }] }) => {
    const left = outcome(engine, segment({ to: address }));
    return left.startsWith('0200') ? Number.parseInt(left.slice(68, 72), 16) : left;
  });
  t.deepEqual(ports, [...Array.from({ length: 16 }, (_, i) => 43120 + i), 'no_local_port']);
});

test('nat takes a port of the client again once its connection to another port of the VIP is closed', (t) => {
  const backends = [{ address: backend[4], port: 8080 }];
  const services = [80, 81].map((port) => ({
    listeners: [{ vip: vip[4], protocol: 'tcp', port }] as const,
    forwarding: { method: 'nat' } as const,
    backends,
  }));
  const engine = engineWith(services);
  const send = (toPort: number, flags: number) => outcome(engine, segment({ toPort, flags })).slice(0, 4);
  t.is(send(80, flag.syn), '0200');
  t.is(outcome(engine, segment({ toPort: 81 })), 'no_local_port');
  t.is(send(80, flag.rst), '0200');
  t.is(send(81, flag.syn), '0200');
  t.deepEqual(
    [...engine.flows()].map(({ vip: { port } }) => port),
    [81],
  );
});

test('where there is no room the flow that was not seen for longest gives way', (t) => {
  const engine = engineWith([{ scheduling: { pick: 'next' } }], {}, {}, { flows: 2 });
  for (const [tick, port] of [1, 2, 1, 3].entries()) outcome(engine, segment({ port }), tick);
  t.deepEqual(
    [...engine.flows()].map(({ client }) => client.port),
    [1, 3],
  );
  t.like(engine.counters().services[0]?.backends[0], { activeConnections: 0, inactiveConnections: 2 });
});
