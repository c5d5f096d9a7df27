import { CHOICE_ROWS } from '@weir/director';
import { buildUdpPacket, encodeGueHops, gueHopsBytes, IpProtocol } from '@weir/packet';
import test from 'ava';
import { defaultFlowTimeouts, type ForwardingService } from '../dataplane.js';
import type { MissedPacket, Sharing } from '../flow-sharing.js';
import type { Owners } from '../owners.js';
import type { PortableEngine } from './portable-engine.js';
import {
  backend,
  bytesOf,
  engineWith,
  flag,
  hexOf,
  node,
  outcome,
  segment,
  tablesWith,
  ticksIn,
  vip,
} from './test-support/engine.js';

const sharing: Sharing = { tellAfterMs: 3000, takeoversPerSecond: 10, datagrams: false, localAddresses: ['10.0.0.12'] };
const listeners = [{ vip: vip[4], protocol: 'tcp', port: 80 }] as const;
const next: Partial<ForwardingService> = { listeners, scheduling: { pick: 'next' } };
const kept: Partial<ForwardingService> = { listeners, keptRows: [0] };
const nat: Partial<ForwardingService> = {
  listeners,
  forwarding: { method: 'nat' },
  backends: [{ address: backend[4], port: 8080 }],
};
const { ack, fin, rst, syn } = flag;
const answer = segment({ client: backend[4], port: 8080, to: '192.0.2.10', toPort: 1234, flags: ack });
const otherAnswer = segment({ client: backend[4], port: 8080, to: '192.0.2.10', toPort: 1235, flags: ack });

function missedIn(engine: PortableEngine): MissedPacket {
  const { missed } = engine.takeEvents();
  if (missed.length !== 1) throw new Error(`${missed.length} packets were missed`);
  return missed[0] as MissedPacket;
}

/** What becomes of the packet that was missed last, nobody knowing its flow: an action, or why it was dropped. */
function settle(engine: PortableEngine, tick = 0): string {
  const { verdict } = engine.settle({ packet: missedIn(engine), flow: undefined }, tick);
  return verdict.action === 'drop' ? (verdict.reason ?? 'handed up') : verdict.action;
}

const statesIn = (engine: PortableEngine) => Array.from(engine.flows(), ({ state }) => state);

for (const [what, service] of [
  ['a service that remembers each flow', next],
  ['a kept row', kept],
] as const) {
  for (const [flags, state, then] of [
    [ack, 'syn', 'established'],
    [syn | ack, 'syn', 'established'],
    [fin | ack, 'syn', 'established'],
    [rst | ack, 'close', 'close'],
  ] as const) {
    test(`a segment with flags ${flags} that nobody knows is ${state} in ${what}, and the next one ${then}`, (t) => {
      const engine = engineWith([service], { sharing });
      t.is(outcome(engine, segment({ flags })), 'handed up');
      t.is(settle(engine), 'transmit');
      t.deepEqual(statesIn(engine), [state]);
      outcome(engine, segment({ flags: ack }));
      t.deepEqual(statesIn(engine), [then]);
    });
  }
}

test('a segment that nobody knows counts for no rate of new flows: it has been counted by those that are asked about', (t) => {
  const guard = { deny: [], allow: [], newFlowsPerSecond: 1, newFlowsPerSource: 0 };
  const engine = engineWith([kept], { sharing, guard });
  outcome(engine, segment({ flags: syn }));
  outcome(engine, segment({ flags: ack, port: 1235 }));
  settle(engine);
  t.is(statesIn(engine).length, 2);
});

test('one segment that nobody knows is remembered no longer than a SYN', (t) => {
  const engine = engineWith([next], { sharing });
  const timeout = ticksIn(defaultFlowTimeouts.tcpSynMs / 1000);
  outcome(engine, segment({ flags: ack }));
  settle(engine);
  engine.sweep(timeout);
  t.is(statesIn(engine).length, 1);
  engine.sweep(timeout + 1);
  t.deepEqual(statesIn(engine), []);
});

test('a segment that nobody was asked about is established in a kept row', (t) => {
  const engine = engineWith([kept]);
  outcome(engine, segment({ flags: ack }));
  t.deepEqual(statesIn(engine), ['established']);
});

test('a datagram that nobody knows is remembered as any other', (t) => {
  const dns = { ...next, listeners: [{ vip: vip[4], protocol: 'udp', port: 80 }] } as const;
  const engine = engineWith([dns], { sharing: { ...sharing, datagrams: true } });
  const datagram = segment({ flags: ack }).replace('00004006', '00004011');
  t.is(outcome(engine, datagram), 'handed up');
  settle(engine);
  t.deepEqual(statesIn(engine), ['datagram']);
});

test("a stranger's answers are the kernel's for two ticks, neither handed up nor counted", (t) => {
  const engine = engineWith([nat], { sharing });
  t.is(outcome(engine, answer, 1), 'handed up');
  t.is(settle(engine, 5), 'pass');
  t.is(outcome(engine, answer, 5), 'pass');
  t.is(outcome(engine, otherAnswer, 5), 'handed up');
  engine.apply(tablesWith([nat], { sharing: { ...sharing, takeoversPerSecond: 0 } }));
  t.is(outcome(engine, answer, 7), 'pass');
  t.like(engine.sharingCounts, { missed: 2, overRate: 0, lost: 0 });
  engine.apply(tablesWith([nat], { sharing }));
  t.is(outcome(engine, answer, 8), 'handed up');
});

test("a stranger's packets do not make it known for longer", (t) => {
  const engine = engineWith([nat], { sharing });
  outcome(engine, answer, 0);
  settle(engine, 0);
  for (const tick of [1, 2]) t.is(outcome(engine, answer, tick), 'pass');
  t.is(outcome(engine, answer, 3), 'handed up');
});

test('a flow that begins is answered, whatever stranger there was', (t) => {
  const engine = engineWith([nat], { sharing });
  outcome(engine, answer);
  settle(engine);
  outcome(engine, segment({ flags: syn }));
  t.true(outcome(engine, answer).startsWith('02'));
});

const owners: Owners = {
  port: 19_523,
  nodes: [node[4], '10.0.0.12'],
  self: 0,
  hashKey: new Uint8Array(16),
  choices: 2,
  rows: Array.from({ length: CHOICE_ROWS * 2 }, (_, i) => i % 2),
};

/** The other node hands a frame over, and knows nobody else to ask. */
function handedOver(frame: string): string {
  const packet = bytesOf(frame.slice(28));
  const header = { family: 4, protocol: IpProtocol.ipv4, nextHop: 0, hops: [] } as const;
  const payload = new Uint8Array(gueHopsBytes(header) + packet.byteLength);
  payload.set(packet, encodeGueHops(header, payload));
  const ends = { source: '10.0.0.12', destination: node[4], ttl: 64 };
  const outer = buildUdpPacket(ends, { sourcePort: 0xc123, destinationPort: owners.port }, payload);
  return frame.slice(0, 28) + hexOf(outer);
}

test('a packet that another node handed over is handed up without its outer header, and says so', (t) => {
  const engine = engineWith([nat], { sharing, owners });
  t.is(outcome(engine, handedOver(segment({ flags: ack }))), 'handed up');
  const missed = missedIn(engine);
  t.true(missed.handedOver);
  t.is(hexOf(missed.frame), segment({ flags: ack }));
  engine.apply(tablesWith([nat], { sharing }));
  outcome(engine, segment({ flags: ack }));
  t.false(missedIn(engine).handedOver);
});

test("a handed-over answer that nobody knows is not the kernel's, be it settled or a stranger's", (t) => {
  const engine = engineWith([nat], { sharing, owners });
  t.is(outcome(engine, handedOver(answer)), 'handed up');
  t.is(settle(engine), 'handover_malformed');
  t.is(outcome(engine, handedOver(answer)), 'handover_malformed');
  t.is(engine.counters().drops.handover_malformed, 2);
  t.is(engine.sharingCounts.missed, 1);
});

test('a handed-over segment that nobody knows stays here', (t) => {
  const engine = engineWith([next], { sharing, owners });
  t.is(outcome(engine, handedOver(segment({ flags: ack }))), 'handed up');
  t.is(settle(engine), 'transmit');
  t.deepEqual(statesIn(engine), ['syn']);
  t.deepEqual(
    engine.counters().handovers.map(({ packets }) => packets),
    [0],
  );
});
