import { CHOICE_ROWS } from '@weir/director';
import { buildFrame, buildTcpPacket, buildUdpPacket, TcpFlag } from '@weir/packet';
import test, { type ExecutionContext } from 'ava';
import type { Dataplane, ForwardingService, ForwardingTables } from '../dataplane.js';
import type { ForwardingMethod } from '../forwarding-method.js';
import type { TraceStep } from '../packet-trace.js';
import {
  backends,
  clients,
  locals,
  type PortableLab,
  sources,
  startPortableLab,
  vips,
} from '../portable-runtime/test-support/portable-lab.js';
import { ip, isRoot } from './private-namespaces.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
const key = Uint8Array.from({ length: 16 }, (_, i) => i);
const macs = { destination: Uint8Array.of(2, 0, 0, 0, 0, 0xbb), source: Uint8Array.of(2, 0, 0, 0, 0, 1) };
/** What the lab tells its frames from others by; tunnels copy it. */
const TRAFFIC_CLASS = 0x2a;
const ETHERNET_BYTES = 14;
/** Behind an IPv4 header without options. */
const TCP_FLAGS = 33;
/** Backends of second chance; the first is where packets go. */
const second = { 4: '10.0.0.22', 6: 'fd00::22' } as const;
const families = [4, 6] as const;

type Case = readonly [title: string, forwarding: ForwardingMethod, service: Partial<ForwardingService>];

const cases: readonly Case[] = [
  ['nat', { method: 'nat' }, {}],
  ['fullnat', { method: 'fullnat', toa: false }, {}],
  ['fullnat with the client told', { method: 'fullnat', toa: true }, {}],
  ['dr', { method: 'dr' }, {}],
  ['ipip', { method: 'ipip' }, {}],
  ['gre', { method: 'gre' }, {}],
  ['gue', { method: 'gue', port: 6080, header: 'gue' }, {}],
  ['udp without a header', { method: 'gue', port: 5555, header: 'none' }, {}],
  [
    'gue with second chance',
    { method: 'gue', port: 19_523, header: 'hops' },
    {
      scheduling: { pick: 'choices', choices: 2, hash: { key, fields: ['source', 'sourcePort'] } },
      rows: Uint16Array.from({ length: CHOICE_ROWS * 2 }, (_, place) => place % 2),
    },
  ],
];

/**
 * What an engine says of a packet beforehand, and what the kernel then brings to the backend's link: for each method and family,
 * the first packet of a flow and the next one.
 *
 * @param open       a data plane that serves the lab's links
 * @param asItLeaves  what of a frame can be foretold
 */
export function testTraces(open: () => Dataplane, asItLeaves: (frame: Buffer) => Buffer): void {
  let lab: PortableLab;
  let plane: Dataplane;

  test.before(async (t) => {
    if (!isRoot) return t.log('skipped: needs root, to make network namespaces');
    lab = await startPortableLab();
    for (const address of [backends[4], backends[6], second[4], second[6]]) {
      ip(`neigh replace ${address} lladdr 02:00:00:00:00:aa dev eth1`);
    }
    // The backend does not answer: no packet but those of a test changes what is counted.
    for (const words of ['route del default', '-6 route del default']) lab.backend.ip(words);
    for (const address of Object.values(locals)) lab.backend.ip(`route add blackhole ${address}`);
    plane = open();
  });

  test.after.always(async () => {
    await plane?.[Symbol.asyncDispose]();
    await lab?.[Symbol.asyncDispose]();
  });

  /** Traces a frame, which changes no count, then sends it; both have to give the same. */
  async function foretell(t: ExecutionContext, frame: Uint8Array): Promise<readonly TraceStep[]> {
    const before = await plane.counters();
    const traced = await plane.trace(frame, 'eth0');
    t.deepEqual(await plane.counters(), before);
    t.is(traced.verdict.kind, 'forwarded');
    await lab.send(Buffer.from(frame).toString('hex'));
    const seen = Buffer.from((await lab.seenByBackend.next()).value ?? '', 'hex');
    t.is(asItLeaves(Buffer.from(traced.packet ?? [])).toString('hex'), asItLeaves(seen).toString('hex'));
    return traced.steps;
  }

  for (const family of families) {
    for (const [title, forwarding, service] of cases) {
      testAsRoot(`${title}: what a trace says of packets of IPv${family} is what then leaves`, async (t) => {
        await plane.apply(tablesOf(family, { forwarding, ...service }));
        const first = await foretell(t, segment(family, TcpFlag.syn));
        const next = await foretell(t, segment(family, TcpFlag.ack));
        const flows = [first, next].map((steps) => steps.find((step) => step.step === 'flow'));
        if (forwarding.method === 'nat' || forwarding.method === 'fullnat') {
          t.like(flows, [{ known: false }, { known: true, state: 'syn', backend: { address: backends[family] } }]);
        } else t.deepEqual(flows, [undefined, undefined]);
        t.like(
          first.find((step) => step.step === 'method'),
          { forwarding, backend: { address: backends[family] } },
        );
      });
    }
  }

  testAsRoot('a trace of a packet that no service takes says that it is the kernel’s', async (t) => {
    await plane.apply(tablesOf(4, { forwarding: { method: 'ipip' } }));
    const ends = { source: clients[4], destination: vips[4] };
    const frame = buildFrame(macs, buildUdpPacket(ends, { sourcePort: 1, destinationPort: 53 }));
    const { steps, verdict, packet } = await plane.trace(frame, 'eth0');
    t.deepEqual(
      steps.map(({ step }) => step),
      ['parsed', 'service'],
    );
    t.deepEqual(verdict, { kind: 'passed' });
    t.is(packet, undefined);
  });

  testAsRoot('a trace says why a packet would be dropped, and does not count it', async (t) => {
    const guard = { deny: ['192.0.2.0/24'], allow: [], newFlowsPerSecond: 0, newFlowsPerSource: 0 };
    await plane.apply({ ...tablesOf(4, { forwarding: { method: 'ipip' } }), guard });
    const { steps, verdict } = await plane.trace(segment(4, TcpFlag.syn), 'eth0');
    t.deepEqual(steps.at(-1), { step: 'guard', denied: true });
    t.deepEqual(verdict, { kind: 'dropped', reason: 'denied' });
    t.is((await plane.counters()).drops.denied, 0);
  });

  testAsRoot('a capture tells packets as they arrived, and what became of them, until it is ended', async (t) => {
    const plain = tablesOf(4, { forwarding: { method: 'ipip' } });
    await plane.apply(plain);
    const end = new AbortController();
    const limits = { packetsPerSecond: 1000, snapLengthBytes: 50 };
    const capture = await plane.capture({ vip: vips[4], client: '192.0.2.0/28' }, limits, end.signal);
    await t.throwsAsync(plane.capture({}, limits, end.signal), { code: 'CAPTURE_REFUSED' });
    const packets = capture[Symbol.asyncIterator]();
    const next = async () => (await packets.next()).value;

    const syn = segment(4, TcpFlag.syn);
    await lab.send(Buffer.from(syn).toString('hex'));
    const first = await next();
    await lab.seenByBackend.next();
    t.like(first, { verdict: { kind: 'forwarded' }, originalBytes: syn.byteLength });
    t.deepEqual(first?.frame.slice(ETHERNET_BYTES), syn.slice(ETHERNET_BYTES, limits.snapLengthBytes));
    t.true(Math.abs(Number((first?.timestampNs ?? 0n) / 1_000_000n) - Date.now()) < 60_000);

    const guard = { deny: ['192.0.2.0/24'], allow: [], newFlowsPerSecond: 0, newFlowsPerSource: 0 };
    await plane.apply({ ...plain, guard });
    await lab.send(Buffer.from(syn).toString('hex'));
    t.deepEqual((await next())?.verdict, { kind: 'dropped', reason: 'denied' });
    end.abort();
    t.true((await packets.next()).done);
    t.is(capture.lost, 0);

    await plane.apply(plain);
    const seen = lab.seenByBackend.next();
    await lab.send(Buffer.from(syn).toString('hex'));
    t.is(typeof (await seen).value, 'string');
  });

  testAsRoot('a capture tells no more packets a second than were asked for, and how many it left out', async (t) => {
    await plane.apply(tablesOf(4, { forwarding: { method: 'ipip' } }));
    const end = new AbortController();
    const limits = { packetsPerSecond: 1, snapLengthBytes: 50 };
    const startedMs = Date.now();
    const capture = await plane.capture({ vip: vips[4] }, limits, end.signal);
    const sent = 20;
    for (let i = 0; i < sent; i++) {
      const seen = lab.seenByBackend.next();
      await lab.send(Buffer.from(segment(4, TcpFlag.syn)).toString('hex'));
      await seen;
    }
    const { lost } = capture;
    const seconds = Math.ceil((Date.now() - startedMs) / 1000) + 1;
    t.true(lost >= sent - seconds * limits.packetsPerSecond, `${lost} were left out in ${seconds} s`);
    const packets = capture[Symbol.asyncIterator]();
    for (let i = 0; i < sent - lost; i++) t.like((await packets.next()).value, { verdict: { kind: 'forwarded' } });
    end.abort();
    t.true((await packets.next()).done, 'each packet is told or left out');
  });

  testAsRoot('a capture of packets that were dropped for a reason tells no others', async (t) => {
    const guard = { deny: ['192.0.2.0/24'], allow: [], newFlowsPerSecond: 0, newFlowsPerSource: 0 };
    const plain = tablesOf(4, { forwarding: { method: 'ipip' } });
    await plane.apply(plain);
    const end = new AbortController();
    const limits = { packetsPerSecond: 1000, snapLengthBytes: 256 };
    const capture = await plane.capture({ dropReason: 'denied' }, limits, end.signal);
    await lab.send(Buffer.from(segment(4, TcpFlag.syn)).toString('hex'));
    await lab.seenByBackend.next();
    await plane.apply({ ...plain, guard });
    await lab.send(Buffer.from(segment(4, TcpFlag.ack)).toString('hex'));
    for await (const { verdict, frame } of capture) {
      t.deepEqual(verdict, { kind: 'dropped', reason: 'denied' });
      t.is(frame[ETHERNET_BYTES + TCP_FLAGS], TcpFlag.ack);
      break;
    }
    // Who takes no more has ended it.
    await (await plane.capture({}, limits, AbortSignal.abort()))[Symbol.asyncIterator]().next();
    await t.throwsAsync(plane.capture({}, { ...limits, snapLengthBytes: 0 }, end.signal), { code: 'CAPTURE_REFUSED' });
    await t.throwsAsync(plane.capture({ vip: 'web' }, limits, end.signal), { code: 'CAPTURE_REFUSED' });
    await t.throwsAsync(plane.capture({ client: '192.0.2.0/33' }, limits, end.signal), { code: 'CAPTURE_REFUSED' });
  });

  testAsRoot('what can’t be traced is refused: a frame that is none, an interface that is not there', async (t) => {
    await t.throwsAsync(plane.trace(new Uint8Array(13), 'eth0'), { code: 'TRACE_REFUSED' });
    await t.throwsAsync(plane.trace(new Uint8Array(9000), 'eth0'), { code: 'TRACE_REFUSED' });
    await t.throwsAsync(plane.trace(segment(4, TcpFlag.syn), 'eth7'), { code: 'INTERFACE_MISSING' });
  });
}

function segment(family: 4 | 6, flags: number): Uint8Array {
  const ends = { source: clients[family], destination: vips[family], trafficClass: TRAFFIC_CLASS };
  return buildFrame(macs, buildTcpPacket(ends, { sourcePort: 40_000, destinationPort: 80, flags }));
}

function tablesOf(family: 4 | 6, service: Partial<ForwardingService>): ForwardingTables {
  return {
    services: [
      {
        listeners: [{ vip: vips[family], protocol: 'tcp', port: 80 }],
        forwarding: { method: 'ipip' },
        scheduling: { pick: 'hash', of: 'flow' },
        backends: [{ address: backends[family] }, { address: second[family] }],
        rows: [0],
        ...service,
      },
    ],
    sources,
    localAddresses: Object.values(locals),
    hashSeed: 7n,
  };
}

/** From the IP header on, as a raw socket sends it: where IPv4 has no identification, the kernel gives one (raw(7)). */
export function withoutLink(frame: Buffer): Buffer {
  const packet = Buffer.from(frame.subarray(ETHERNET_BYTES));
  if (packet.readUInt8(0) >> 4 === 4) packet.fill(0, 4, 6).fill(0, 10, 12);
  return packet;
}
