import { setImmediate as turn } from 'node:timers/promises';
import { parseNodeConfig } from '@weir/control';
import { createLogger } from '@weir/daemon';
import { type MissedPacket, type SettledPacket, serviceNumber } from '@weir/dataplane';
import { FlowImageField } from '@weir/packet';
import type { FoundFlow } from '@weir/state-sync';
import test from 'ava';
import { SharedServices } from './shared-services.js';
import { Takeover } from './takeover.js';
import { flowImage, missedAnswer, missedByClient } from './test-support/flow-images.js';
import { SharingDouble } from './test-support/sharing-double.js';

type Answer = FoundFlow | 'unknown' | 'unavailable';

const OWN = 1;
const OTHER = 2;
const config = parseNodeConfig(
  `node: { interfaces: [eth0], address: 10.0.0.11, localAddresses: [10.0.1.11] }
nodes: { members: [ { name: a, address: 10.0.0.11 }, { name: b, address: 10.0.0.12, localAddresses: [10.0.1.12] } ] }
services:
  - { name: web, method: nat, vip: 198.51.100.10, port: 80, backends: [ { address: 10.0.0.21, port: 8080 } ] }
  - { name: web2, method: nat, vip: 198.51.100.12, port: 80, backends: [ { address: 10.0.0.21, port: 8080 } ] }
  - { name: api, method: fullnat, vip: 198.51.100.11, port: 80, backends: [ { address: 10.0.0.22, port: 8080 } ] }
`,
  'weir.yaml',
);
const service = serviceNumber({ vip: '198.51.100.10', protocol: 'tcp', port: 80 });
const flowOf = (port: number) =>
  flowImage({ service, client: `192.0.2.1:${port}`, vip: '198.51.100.10:80', backend: '10.0.0.21:8080' });
const flow = flowOf(1024);

function packetOf(image: Uint8Array, direction: MissedPacket['direction'] = 'client'): MissedPacket {
  return { direction, image, frame: new Uint8Array(60), ifindex: 2, handedOver: false };
}
const clientPacket = (port = 1024) => packetOf(missedByClient(flowOf(port)));

/** A takeover whose store is asked as the test wants. */
function fixture(answer: (image: Uint8Array, by: 'client' | 'answer') => Answer | Promise<Answer> = () => 'unknown') {
  const sharing = new SharingDouble();
  const asked: Uint8Array[] = [];
  const taken: FoundFlow[] = [];
  const clock = { ms: 0 };
  const ask = (by: 'client' | 'answer') => async (image: Uint8Array) => {
    asked.push(image);
    return answer(image, by);
  };
  const takeover = new Takeover(new SharedServices(config), {
    sharing,
    replication: {
      findByClient: ask('client'),
      findByAnswer: ask('answer'),
      takeOver: (found) => void taken.push(found),
    },
    owner: OWN,
    logger: createLogger('test', { level: 'fatal', format: 'json' }),
    now: () => clock.ms,
  });
  const settled = (): readonly SettledPacket[] => sharing.settled.flat();
  return { takeover, sharing, asked, taken, clock, settled };
}

/** Until what was asked and found has been settled. */
async function calm(): Promise<void> {
  for (let i = 0; i < 4; i++) await turn();
}

test('a flow that another node knows is adopted, and taken over once, however many of its packets wait', async (t) => {
  const found = { image: flow, owner: OTHER };
  const { takeover, asked, taken, settled } = fixture(() => found);
  const packets = [clientPacket(), clientPacket(), clientPacket()];
  takeover.missed(packets);
  await calm();
  t.is(asked.length, 1);
  t.deepEqual(
    settled(),
    packets.map((packet) => ({ packet, flow })),
  );
  t.deepEqual(taken, [found]);
  const { lookups, found: flows, takenOver, settled: counts } = takeover.counts();
  t.deepEqual([lookups, flows, takenOver, counts.adopted, counts.known], [1, 1, 1, 1, 2]);
});

test('an answer of fullnat is found by its own, and moves the flow to no other owner', async (t) => {
  const api = flowImage({
    kind: 'fullnat',
    service: serviceNumber({ vip: '198.51.100.11', protocol: 'tcp', port: 80 }),
    client: '192.0.2.1:1024',
    vip: '198.51.100.11:80',
    backend: '10.0.0.22:8080',
    local: '10.0.1.12:5000',
  });
  const { takeover, taken, settled } = fixture((_, by) => (by === 'answer' ? { image: api, owner: OTHER } : 'unknown'));
  const answer = packetOf(missedAnswer('10.0.0.22:8080', '10.0.1.12:5000'), 'answer');
  takeover.missed([answer]);
  await calm();
  t.deepEqual(settled(), [{ packet: answer, flow: api }]);
  t.deepEqual([taken.length, takeover.counts().settled.adopted], [0, 1]);
});

test("a client's packet after an answer that made the flow known takes it over", async (t) => {
  const { takeover, taken } = fixture(() => ({ image: flow, owner: OTHER }));
  takeover.missed([packetOf(missedAnswer('10.0.0.21:8080', '192.0.2.1:1024'), 'answer'), clientPacket()]);
  await calm();
  t.is(taken.length, 1);
});

test('a flow of this very node is adopted, and nobody has to be told', async (t) => {
  const { takeover, taken } = fixture(() => ({ image: flow, owner: OWN }));
  takeover.missed([clientPacket()]);
  await calm();
  t.deepEqual([takeover.counts().settled.adopted, taken.length], [1, 0]);
});

for (const settlement of ['no_backend', 'no_room'] as const) {
  test(`a flow that ends as ${settlement} stays with its owner`, async (t) => {
    const { takeover, sharing, taken } = fixture(() => ({ image: flow, owner: OTHER }));
    sharing.settlement = settlement;
    takeover.missed([clientPacket()]);
    await calm();
    t.deepEqual([takeover.counts().settled[settlement], taken.length], [1, 0]);
  });
}

test('an answer of nat is looked for under all VIPs of its backend, and found under that of its client', async (t) => {
  const { takeover, asked, settled } = fixture((image) =>
    image[FlowImageField.vip + 3] === 10 ? { image: flow, owner: OTHER } : 'unknown',
  );
  const answer = packetOf(missedAnswer('10.0.0.21:8080', '192.0.2.1:1024'), 'answer');
  takeover.missed([answer]);
  await calm();
  t.deepEqual(
    asked.map((image) => image[FlowImageField.vip + 3]),
    [10, 12],
  );
  t.deepEqual(settled(), [{ packet: answer, flow }]);
});

test('an answer from another backend than that of the flow is of an unknown flow', async (t) => {
  const moved = flowImage({ service, client: '192.0.2.1:1024', vip: '198.51.100.10:80', backend: '10.0.0.29:8080' });
  const { takeover } = fixture(() => ({ image: moved, owner: OTHER }));
  takeover.missed([packetOf(missedAnswer('10.0.0.21:8080', '192.0.2.1:1024'), 'answer')]);
  await calm();
  t.is(takeover.counts().settled.unknown, 1);
});

test('an answer from nobody that is configured is unknown without asking', async (t) => {
  const { takeover, asked } = fixture(() => ({ image: flow, owner: OTHER }));
  takeover.missed([packetOf(missedAnswer('10.0.0.99:8080', '192.0.2.1:1024'), 'answer')]);
  await calm();
  t.deepEqual([asked.length, takeover.counts().settled.unknown], [0, 1]);
});

test('a flow of a service that is not configured is unknown, and counted', async (t) => {
  const strange = flow.slice();
  (strange[FlowImageField.service] as number) ^= 1;
  const { takeover, settled } = fixture(() => ({ image: strange, owner: OTHER }));
  takeover.missed([clientPacket()]);
  await calm();
  t.is(settled()[0]?.flow, undefined);
  t.deepEqual([takeover.counts().otherService, takeover.counts().found], [1, 0]);
});

test('a service that is configured later is known from then on', async (t) => {
  const { takeover } = fixture(() => ({ image: flow, owner: OTHER }));
  takeover.use(new SharedServices({ ...config, services: [] }));
  takeover.missed([clientPacket(1)]);
  await calm();
  takeover.use(new SharedServices(config));
  takeover.missed([clientPacket(2)]);
  await calm();
  t.deepEqual([takeover.counts().otherService, takeover.counts().found], [1, 1]);
});

test('nobody is asked again about an unknown flow for two seconds', async (t) => {
  const { takeover, asked, clock, settled } = fixture();
  for (const ms of [0, 1_999, 2_000]) {
    clock.ms = ms;
    takeover.missed([clientPacket()]);
    await calm();
  }
  t.deepEqual([asked.length, settled().length, takeover.counts().unknown], [2, 3, 2]);
});

test('a flow that the store could not tell of is asked about again', async (t) => {
  const { takeover, asked, settled } = fixture(() => 'unavailable');
  takeover.missed([clientPacket()]);
  await calm();
  takeover.missed([clientPacket()]);
  await calm();
  t.deepEqual([asked.length, settled().length, takeover.counts().unavailable], [2, 2, 2]);
  t.is(settled()[0]?.flow, undefined);
});

test('eight packets of a flow wait for the answer, more are dropped', async (t) => {
  const { takeover, settled } = fixture();
  takeover.missed(Array.from({ length: 10 }, () => clientPacket()));
  await calm();
  t.deepEqual([settled().length, takeover.counts().dropped], [8, 2]);
});

test('20,000 packets wait in all, more are dropped until some are answered', async (t) => {
  let resolve: (answer: Answer) => void = () => {};
  const promise = new Promise<Answer>((resolved) => {
    resolve = resolved;
  });
  const { takeover, asked, settled } = fixture(() => promise);
  takeover.missed(Array.from({ length: 20_001 }, (_, port) => clientPacket(port)));
  t.deepEqual([asked.length, takeover.counts().dropped], [20_000, 1]);
  resolve('unknown');
  await calm();
  t.is(settled().length, 20_000);
  takeover.missed([clientPacket(30_000)]);
  await calm();
  t.deepEqual([settled().length, takeover.counts().dropped], [20_001, 1]);
});

test('packets are settled 256 at a time, the rest in the same turn', async (t) => {
  const { takeover, sharing } = fixture();
  takeover.missed(Array.from({ length: 600 }, (_, port) => clientPacket(port)));
  await calm();
  t.deepEqual(
    sharing.settled.map(({ length }) => length),
    [256, 256, 88],
  );
});

test('packets that the data plane refuses are counted, and the next ones are settled', async (t) => {
  const { takeover, sharing } = fixture();
  const settle = sharing.settle.bind(sharing);
  sharing.settle = () => {
    throw new Error('refused');
  };
  takeover.missed([clientPacket(1)]);
  await calm();
  sharing.settle = settle;
  takeover.missed([clientPacket(2)]);
  await calm();
  t.deepEqual([takeover.counts().dropped, takeover.counts().settled.unknown], [1, 1]);
});

test('a look-up that ends with the store drops what waits for it', async (t) => {
  const { takeover, settled } = fixture(() => Promise.reject(new Error('closed')));
  takeover.missed([clientPacket(), clientPacket()]);
  await calm();
  t.deepEqual([settled().length, takeover.counts().dropped], [0, 2]);
});
