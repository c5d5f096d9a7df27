import test from 'ava';
import type { ForwardingBackend, ForwardingService } from '../dataplane.js';
import type { LeastCost } from '../scheduling.js';
import { TICK_MS } from '../tick.js';
import { engineWith, flag, outcome, segment, tablesWith, ticksIn } from './test-support/engine.js';

const three: readonly ForwardingBackend[] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => ({ address }));

/** Last bytes of the backends that flows from these ports go to, one after another. */
function backendsOf(
  engine: ReturnType<typeof engineWith>,
  ports: readonly number[],
  flags: number = flag.syn,
  tick = 0,
) {
  return ports.map((port) => {
    const left = outcome(engine, segment({ port, flags }), tick);
    return left.startsWith('0200') ? Number.parseInt(left.slice(66, 68), 16) : left;
  });
}

function serviceOf(service: Partial<ForwardingService>): Partial<ForwardingService> {
  return { backends: three, rows: [0, 1, 2], ...service };
}

test('next takes one row after the other, a row again where a backend has two', (t) => {
  const engine = engineWith([serviceOf({ scheduling: { pick: 'next' }, rows: [0, 0, 1, 2] })]);
  t.deepEqual(backendsOf(engine, [1, 2, 3, 4, 5]), [1, 1, 2, 3, 1]);
});

test('next leaves out who takes no new flows', (t) => {
  const backends = [three[0] as ForwardingBackend, { address: '10.0.0.2', weight: 0 }, three[2] as ForwardingBackend];
  const engine = engineWith([serviceOf({ scheduling: { pick: 'next' }, backends })]);
  t.deepEqual(backendsOf(engine, [1, 2, 3, 4]), [1, 3, 1, 3]);
});

const costs: readonly (readonly [LeastCost, readonly number[], readonly (number | string)[]])[] = [
  // New connections count 1 (lc, wlc), or nothing but what is active (sed, nq).
  ['lc', [1, 1, 4], [1, 2, 3, 1, 2, 3]],
  ['wlc', [1, 1, 4], [1, 2, 3, 3, 3, 3]],
  ['sed', [1, 1, 4], [3, 3, 3, 3, 3, 3]],
  ['nq', [1, 1, 4], [1, 1, 1, 1, 1, 1]],
];
for (const [cost, weights, expected] of costs) {
  test(`${cost} with weights ${weights}: handshakes go to ${expected}`, (t) => {
    const backends = three.map(({ address }, i) => ({ address, weight: weights[i] as number }));
    const engine = engineWith([serviceOf({ scheduling: { pick: 'least', cost }, backends })]);
    t.deepEqual(backendsOf(engine, [1, 2, 3, 4, 5, 6]), expected);
  });
}

test('nq fills idle backends first, then goes by the shortest delay', (t) => {
  const backends = three.map(({ address }, i) => ({ address, weight: i === 2 ? 4 : 1 }));
  const engine = engineWith([serviceOf({ scheduling: { pick: 'least', cost: 'nq' }, backends })]);
  const chosen = [1, 2, 3, 4, 5, 6].flatMap((port) => {
    const [first] = backendsOf(engine, [port]);
    backendsOf(engine, [port], flag.ack);
    return [first];
  });
  t.deepEqual(chosen, [1, 2, 3, 3, 3, 3]);
});

test('a backend at its upper threshold takes no flows until it has fewer than the lower', (t) => {
  const backends = [{ address: '10.0.0.1', upperConnections: 2, lowerConnections: 1 }];
  const engine = engineWith([serviceOf({ scheduling: { pick: 'next' }, backends, rows: [0] })]);
  t.deepEqual(backendsOf(engine, [1, 2, 3]), [1, 1, 'no_backend']);
  backendsOf(engine, [2], flag.ack);
  engine.sweep(ticksIn(60) + 1);
  t.deepEqual(
    backendsOf(engine, [3], flag.syn, ticksIn(60) + 1),
    ['no_backend'],
    'one is left, as many as the threshold',
  );
  engine.sweep(ticksIn(900) + ticksIn(60) + 1);
  t.deepEqual(backendsOf(engine, [3], flag.syn, ticksIn(900) + ticksIn(60) + 1), [1]);
});

test('without a lower threshold three quarters count, as in IPVS: of one, none', (t) => {
  const backends = [{ address: '10.0.0.1', upperConnections: 1 }];
  const engine = engineWith([serviceOf({ scheduling: { pick: 'next' }, backends, rows: [0] })]);
  t.deepEqual(backendsOf(engine, [1, 2]), [1, 'no_backend']);
  engine.sweep(ticksIn(60) + 1);
  t.deepEqual(backendsOf(engine, [2], flag.syn, ticksIn(60) + 1), [1]);
});

test('a destination stays with its backend until that is busy while another is almost idle', (t) => {
  const backends = three.map(({ address }) => ({ address, weight: 2 }));
  for (const [replicas, expected] of [
    [false, [1, 1, 1, 2]],
    [true, [1, 1, 1, 2]],
  ] as const) {
    const engine = engineWith([serviceOf({ scheduling: { pick: 'locality', replicas }, backends })]);
    const chosen = [1, 2, 3, 4].flatMap((port) => {
      const first = backendsOf(engine, [port]);
      backendsOf(engine, [port], flag.ack);
      return first;
    });
    t.deepEqual(chosen, expected);
  }
});

test('with replicas a destination has both backends, without only the later one', (t) => {
  const backends = three.map(({ address }) => ({ address, weight: 2 }));
  const chosenAfterRelief = [false, true].map((replicas) => {
    const engine = engineWith([serviceOf({ scheduling: { pick: 'locality', replicas }, backends })]);
    for (const port of [1, 2, 3, 4]) {
      backendsOf(engine, [port]);
      backendsOf(engine, [port], flag.ack);
    }
    for (const port of [1, 2, 3]) backendsOf(engine, [port], flag.rst);
    engine.sweep(ticksIn(20));
    return backendsOf(engine, [9], flag.syn, ticksIn(20))[0];
  });
  t.deepEqual(chosenAfterRelief, [2, 1]);
});

test('persistence sends a client network where it went, until it opened nothing for its timeout', (t) => {
  const persistence = { timeoutMs: 10 * TICK_MS, prefix4: 24, prefix6: 64 };
  const engine = engineWith([serviceOf({ scheduling: { pick: 'next' }, persistence })]);
  const from = (client: string, port: number, tick: number, flags: number = flag.syn) =>
    Number.parseInt(outcome(engine, segment({ client, port, flags }), tick).slice(66, 68), 16);
  t.is(from('192.0.2.1', 1, 0), 1);
  t.is(from('192.0.2.9', 1, 5), 1);
  t.is(from('192.0.3.1', 1, 5), 2);
  t.is(from('192.0.2.1', 1, 14, flag.ack), 1);
  t.is(from('192.0.2.1', 2, 15), 1, 'the new flow of tick 5 kept the network remembered');
  t.is(from('192.0.2.1', 2, 16, flag.ack), 1);
  t.is(from('192.0.2.1', 3, 26), 3, 'packets of flows that are known did not');
});

test('rows that hold nothing, or more than sixteen that take nothing, are no backend', (t) => {
  t.is(outcome(engineWith([serviceOf({ rows: [] })]), segment()), 'no_backend');
  const backends = [{ address: '10.0.0.1', weight: 0 }, { address: '10.0.0.2' }];
  const service = serviceOf({ scheduling: { pick: 'next' }, backends, rows: [...Array(16).fill(0), 1] });
  const engine = engineWith([service]);
  t.deepEqual(backendsOf(engine, [1, 2]), ['no_backend', 2]);
});

test('backends of another method are other backends: flows are not taken over', (t) => {
  const nat = serviceOf({ forwarding: { method: 'nat' } });
  const engine = engineWith([nat]);
  outcome(engine, segment());
  t.like(engine.apply(tablesWith([serviceOf({ forwarding: { method: 'fullnat', toa: false } })])), {
    servicesAdded: 0,
    backendsAdded: 3,
    backendsRemoved: 3,
  });
  t.is(outcome(engine, segment({ flags: flag.ack })), 'no_flow');
});
