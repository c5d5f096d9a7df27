import { parseNodeConfig } from '@weir/control';
import { MemoryStore } from '@weir/state-sync';
import test from 'ava';
import { ServedPools } from './served-pools.js';
import { flowImage } from './test-support/flow-images.js';

const LIFETIME_MS = 1_200_000;
const HELD_MS = LIFETIME_MS + 60_000;
const configOf = (self: string) =>
  parseNodeConfig(
    `node: { interfaces: [eth0], address: ${self} }
nodes:
  members:
    - { name: a, address: 10.0.0.11, localAddresses: [10.0.1.11, "fd00:1::11"] }
    - { name: b, address: 10.0.0.12, localAddresses: [10.0.1.12] }
services: []
`,
    'weir.yaml',
  );
const flowFrom = (local: string, kind: 'nat' | 'fullnat' = 'fullnat') =>
  flowImage({ kind, client: '192.0.2.1:1024', vip: '198.51.100.10:80', backend: '10.0.0.21:8080', local });

/** Two nodes on one store, whose names expire by this clock. */
function fixture() {
  const clock = { ms: 0 };
  const now = () => clock.ms;
  const store = new MemoryStore({ nowMs: now });
  const poolsOf = (self: string) => new ServedPools(configOf(self), { store, lifetimeMs: () => LIFETIME_MS, now });
  return { clock, store, first: poolsOf('10.0.0.11'), second: poolsOf('10.0.0.12') };
}

test('a local address that another node serves a flow of is in use until such a flow can not be there any more', async (t) => {
  const { clock, first, second } = fixture();
  t.is(await first.ownServedByOthers(), 0);
  second.serve(flowFrom('10.0.1.11:5000'));
  t.is(await first.ownServedByOthers(), 1);
  clock.ms = HELD_MS - 1;
  t.is(await first.ownServedByOthers(), 1);
  clock.ms = HELD_MS;
  t.is(await first.ownServedByOthers(), 0);
});

test('a flow that is told of again keeps its local address in use', async (t) => {
  const { clock, first, second } = fixture();
  second.serve(flowFrom('10.0.1.11:5000'));
  clock.ms = 300_000;
  second.serve(flowFrom('10.0.1.11:5000'));
  clock.ms = 300_000 + HELD_MS - 1;
  t.is(await first.ownServedByOthers(), 1);
});

test('IPv6 local addresses count, too', async (t) => {
  const { first, second } = fixture();
  const ends = { client: '[2001:db8::1]:1024', vip: '[2001:db8::10]:80', backend: '[fd00::21]:8080' };
  second.serve(flowImage({ kind: 'fullnat', ...ends, local: '[fd00:1::11]:5000' }));
  t.is(await first.ownServedByOthers(), 1);
});

for (const [title, image] of [
  ['a node its own', flowFrom('10.0.1.12:5000')],
  ['nat', flowFrom('10.0.1.11:5000', 'nat')],
  ['nobody', flowFrom('10.0.1.99:5000')],
] as const) {
  test(`a flow with a local address of ${title} uses none of another node`, async (t) => {
    const { first, second } = fixture();
    second.serve(image);
    t.deepEqual([await first.ownServedByOthers(), await second.ownServedByOthers()], [0, 0]);
  });
}

test('many flows write a name once a minute', (t) => {
  const names: string[] = [];
  const clock = { ms: 0 };
  const store = { hold: async (name: string) => void names.push(name), held: async () => [] };
  const pools = new ServedPools(configOf('10.0.0.12'), { store, lifetimeMs: () => LIFETIME_MS, now: () => clock.ms });
  for (const ms of [0, 1, 59_999, 60_000]) {
    clock.ms = ms;
    pools.serve(flowFrom('10.0.1.11:5000'));
  }
  t.deepEqual(names, ['pool/10.0.1.11', 'pool/10.0.1.11']);
});

test('a store that is back has the names again that still count', async (t) => {
  const { clock, store, first, second } = fixture();
  second.serve(flowFrom('10.0.1.11:5000'));
  await store.release('pool/10.0.1.11');
  clock.ms = 10;
  second.renew();
  t.is(await first.ownServedByOthers(), 1);
  clock.ms += HELD_MS;
  second.renew();
  t.is(await first.ownServedByOthers(), 0);
});
