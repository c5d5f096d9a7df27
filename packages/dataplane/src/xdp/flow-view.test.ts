import test from 'ava';
import type { ForwardingService, ForwardingTables } from '../dataplane.js';
import type { FlowTuple, SeenFlow } from '../flow-table-view.js';
import { bytesOf, syn4, syn6 } from '../test-support/frames.js';
import { enterNodeOnLink } from '../test-support/node-on-link.js';
import { ip, isRoot } from '../test-support/private-namespaces.js';
import { XdpDataplane } from './xdp-dataplane.js';

const Flag = { syn: 0x02, ack: 0x10 } as const;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
const families = [
  { family: 4, vip: '198.51.100.10', client: '192.0.2.10', backend: '10.0.0.21', local: '10.0.0.11', frame: syn4 },
  { family: 6, vip: '2001:db8:100::10', client: '2001:db8:c::10', backend: 'fd00::21', local: 'fd00::11', frame: syn6 },
] as const;
let ifindex = 0;
let directories = 0;

test.before(async () => {
  if (!isRoot) return;
  ifindex = await enterNodeOnLink();
  ip('route add 192.0.2.0/24 via 10.0.0.21');
});

async function open(
  { vip, backend, local }: (typeof families)[number],
  service: Partial<ForwardingService>,
  sharing = false,
): Promise<XdpDataplane> {
  const plane = XdpDataplane.open({
    interfaces: [],
    mode: 'auto',
    pinDirectory: `/sys/fs/bpf/flow-view-${directories++}`,
    limits: { services: 4, backends: 16, rows: 64, flows: 64 },
    clock: 'manual',
    sharing,
  });
  const tables: ForwardingTables = {
    services: [
      {
        listeners: [{ vip, protocol: 'tcp', port: 80 }],
        forwarding: { method: 'ipip' },
        scheduling: { pick: 'next' },
        backends: [{ address: backend }],
        rows: [0],
        ...service,
      },
    ],
    sources: { ipv4: '10.0.0.11', ipv6: 'fd00::11' },
    localAddresses: [local],
    hashSeed: 1n,
    ...(sharing
      ? { sharing: { tellAfterMs: 3000, takeoversPerSecond: 1000, datagrams: false, localAddresses: [] } }
      : {}),
  };
  await plane.apply(tables);
  return plane;
}

function send(plane: XdpDataplane, { family, frame }: (typeof families)[number], port: number, flags: number): void {
  const bytes = bytesOf(frame);
  const view = new DataView(bytes.buffer);
  const tcp = family === 4 ? 34 : 54;
  view.setUint16(tcp, port);
  view.setUint8(tcp + 13, flags);
  plane.testRun(bytes, { ingressIfindex: ifindex });
}

function tupleOf({ client, vip }: (typeof families)[number], port: number): FlowTuple {
  return { protocol: 'tcp', client: { address: client, port }, vip: { address: vip, port: 80 } };
}

const byPort = (a: SeenFlow, b: SeenFlow) => (a.tuple?.client.port ?? 0) - (b.tuple?.client.port ?? 0);

for (const ends of families) {
  const { family, vip, backend, local } = ends;
  const service = family === 4 ? `${vip}:80/tcp` : `[${vip}]:80/tcp`;
  const common = { service, isShared: false };

  testAsRoot(`IPv${family}: a flow that is only forwarded is listed without its tuple, and found by it`, async (t) => {
    await using plane = await open(ends, {});
    send(plane, ends, 3000, Flag.syn);
    plane.setClock(5);
    send(plane, ends, 3001, Flag.syn);
    send(plane, ends, 3001, Flag.ack);
    const toBackend = { ...common, backend: { address: backend, port: 0 } };
    t.deepEqual(
      [...plane.flowTable].sort((a, b) => b.idleMs - a.idleMs),
      [
        { ...toBackend, state: 'syn', idleMs: 5000 },
        { ...toBackend, state: 'established', idleMs: 0 },
      ],
    );
    t.deepEqual(plane.flowTable.find(tupleOf(ends, 3001)), {
      ...toBackend,
      tuple: tupleOf(ends, 3001),
      state: 'established',
      idleMs: 0,
    });
    t.is(plane.flowTable.find(tupleOf(ends, 3002)), undefined);
    t.is(plane.flowTable.find({ ...tupleOf(ends, 3001), protocol: 'udp' }), undefined);
  });

  for (const method of ['nat', 'fullnat'] as const) {
    testAsRoot(`IPv${family}: a flow of ${method} is listed with its tuple, once for both directions`, async (t) => {
      await using plane = await open(ends, {
        forwarding: method === 'nat' ? { method } : { method, toa: false },
        backends: [{ address: backend, port: 8080 }],
      });
      send(plane, ends, 3000, Flag.syn);
      send(plane, ends, 3001, Flag.syn);
      const flows = [...plane.flowTable].sort(byPort);
      t.deepEqual(
        flows.map(({ local: _, ...flow }) => flow),
        [3000, 3001].map((port) => ({
          ...common,
          tuple: tupleOf(ends, port),
          backend: { address: backend, port: 8080 },
          state: 'syn' as const,
          idleMs: 0,
        })),
      );
      t.deepEqual(
        flows.map((flow) => flow.local?.address),
        method === 'nat' ? [undefined, undefined] : [local, local],
      );
      t.not(flows[0]?.local?.port, method === 'nat' ? 0 : flows[1]?.local?.port);
    });
  }

  for (const method of ['ipip', 'nat'] as const) {
    testAsRoot(`IPv${family}: a flow of ${method} that is ended is forgotten and counted no more`, async (t) => {
      await using plane = await open(ends, { forwarding: { method } });
      for (const port of [3000, 3001]) send(plane, ends, port, Flag.syn);
      const flow = plane.flowTable.find(tupleOf(ends, 3000));
      t.true(flow !== undefined && plane.flowTable.end(flow));
      plane.setClock(1);
      t.is(plane.flowTable.find(tupleOf(ends, 3000)), undefined);
      t.not(plane.flowTable.find(tupleOf(ends, 3001)), undefined);
      const [counted] = (await plane.counters()).services;
      t.is(counted?.backends[0]?.inactiveConnections, 1);
      t.is([...plane.flows()].length, method === 'nat' ? 2 : 1);
      t.false(flow !== undefined && plane.flowTable.end(flow));
    });
  }
}

testAsRoot('a flow that other nodes were told of is listed with its tuple, and its end is told', async (t) => {
  const [ends] = families;
  await using plane = await open(ends, {}, true);
  send(plane, ends, 3000, Flag.syn);
  send(plane, ends, 3000, Flag.ack);
  plane.setClock(4);
  send(plane, ends, 3000, Flag.ack);
  plane.sharing.take();
  const [flow] = [...plane.flowTable];
  t.deepEqual(flow?.tuple, tupleOf(ends, 3000));
  t.true(flow?.isShared);
  t.true(flow !== undefined && plane.flowTable.end(flow));
  plane.setClock(5);
  t.true(plane.sharing.take().ended.byteLength > 0);
});
