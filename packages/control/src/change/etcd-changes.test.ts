import { eventually } from '@weir/errors/test-support';
import test from 'ava';
import { InvalidConfigError } from '../config-error.js';
import type { BackendInput, ServiceInput } from '../service-schema.js';
import { EtcdServer } from '../test-support/index.js';
import { type OpenedSource, openSource } from '../test-support/open-source.js';
import { ChangeError } from './change-error.js';

const web: ServiceInput = {
  name: 'web',
  vip: '198.51.100.1',
  port: 80,
  backends: [{ address: '10.0.0.21', weight: 3 }],
};
const fileService = `services:
  - { name: own, vip: "2001:db8::1", port: 80, backends: [{ address: "fd00::1" }] }`;

async function twoNodes(etcd: EtcdServer): Promise<[OpenedSource, OpenedSource]> {
  const open = (name: string) => openSource({ endpoints: [etcd.endpoint], name, more: fileService });
  return [await open('lb1'), await open('lb2')];
}

function weighed(weight: number) {
  return (current: BackendInput | undefined) => current && { ...current, weight };
}

function weightIn({ config }: OpenedSource, address: string): number | undefined {
  return config.services.flatMap(({ backends }) => backends).find((backend) => backend.address === address)?.weight;
}

test('a service that one node applies is in force there when that is answered, and soon on the others', async (t) => {
  await using etcd = await EtcdServer.start();
  const [one, other] = await twoNodes(etcd);
  await using _one = one;
  await using _other = other;
  const changed = await one.source.changes.changeService('web', () => web);
  t.like(changed, { before: undefined, after: web, origin: 'etcd', isInForce: true });
  t.is(weightIn(one, '10.0.0.21'), 3);
  // The other node may not know yet what it is asked to expect.
  const next = await other.source.changes.changeBackend('web', '10.0.0.21', weighed(5), {
    expectedRevision: changed.revision,
  });
  t.true(next.isInForce);
  t.is(weightIn(other, '10.0.0.21'), 5);
  t.not(next.revision, changed.revision);
  t.regex(await etcd.etcdctl('get', '/weir/v1/main/services/web', '--print-value-only'), /"weight":5/);
});

test('of two nodes that change the same revision one is told of the conflict, and nothing is lost', async (t) => {
  await using etcd = await EtcdServer.start();
  const [one, other] = await twoNodes(etcd);
  await using _one = one;
  await using _other = other;
  const { revision } = await one.source.changes.changeService('web', () => web);
  const race = [one, other].map(({ source }, i) =>
    source.changes.changeBackend('web', '10.0.0.21', weighed(10 + i), { expectedRevision: revision }),
  );
  const outcomes = await Promise.allSettled(race);
  const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  t.is(won.length, 1);
  t.true(lost[0] instanceof ChangeError && lost[0].code === 'CHANGE_CONFLICT', String(lost[0]));
  t.is((lost[0] as ChangeError).currentRevision, won[0]?.revision);
});

test('without an expected revision writers go on from what the others wrote: no addition is lost', async (t) => {
  await using etcd = await EtcdServer.start();
  const [one, other] = await twoNodes(etcd);
  await using _one = one;
  await using _other = other;
  await one.source.changes.changeService('web', () => web);
  const adding = Array.from({ length: 6 }, (_, i) =>
    (i % 2 === 0 ? one : other).source.changes.changeService('web', (current) => {
      if (current === undefined) throw new Error('gone');
      return { ...current, backends: [...(current.backends ?? []), { address: `10.0.0.${30 + i}` }] };
    }),
  );
  await Promise.all(adding);
  const stored = JSON.parse(
    await etcd.etcdctl('get', '/weir/v1/main/services/web', '--print-value-only'),
  ) as ServiceInput;
  t.deepEqual(stored.backends?.map(({ address }) => address).sort(), [
    '10.0.0.21',
    ...Array.from({ length: 6 }, (_, i) => `10.0.0.${30 + i}`),
  ]);
});

test('entries are read once, however many ask, until a key is another', async (t) => {
  await using etcd = await EtcdServer.start();
  const [one, other] = await twoNodes(etcd);
  await using _one = one;
  await using _other = other;
  const { changes } = one.source;
  await changes.changeService('web', () => web);
  t.is(changes.services(), changes.services());
  t.is(changes.backends(), changes.backends());
  const before = changes.services();
  const webNow = () => changes.services().find(({ name }) => name === 'web');
  const { revision } = await other.source.changes.changeService('web', (now) => now && { ...now, scheduler: 'rr' });
  await eventually('the change', () => webNow()?.revision === revision);
  t.not(changes.services(), before);
  t.is(webNow()?.document.scheduler, 'rr');
});

test('two services that contradict each other do not both come in, though they have keys of their own', async (t) => {
  await using etcd = await EtcdServer.start();
  const [one, other] = await twoNodes(etcd);
  await using _one = one;
  await using _other = other;
  const outcomes = await Promise.allSettled([
    one.source.changes.changeService('a', () => ({ ...web, name: 'a' })),
    other.source.changes.changeService('b', () => ({ ...web, name: 'b' })),
  ]);
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  t.is(refused.length, 1);
  t.true(refused[0] instanceof InvalidConfigError, String(refused[0]));
  t.is(one.source.status().skipped.size + other.source.status().skipped.size, 0);
});

test('a service of weir.yaml is not changed through etcd, a backend that joins it is', async (t) => {
  await using etcd = await EtcdServer.start();
  await using node = await openSource({ endpoints: [etcd.endpoint], more: fileService });
  const { changes } = node.source;
  const codes = await Promise.all(
    [changes.changeService('own', () => undefined), changes.changeBackend('own', 'fd00::1', weighed(0))].map((change) =>
      change.catch((error: ChangeError) => error.code),
    ),
  );
  t.deepEqual(codes, ['CHANGE_ELSEWHERE', 'CHANGE_ELSEWHERE']);
  t.like(await changes.changeBackend('own', 'own2', () => ({ name: 'own2', address: 'fd00::2' })), { isInForce: true });
  t.like(changes.backends(), [
    { name: 'fd00::1', origin: 'file' },
    { name: 'own2', origin: 'etcd' },
  ]);
  t.is(
    await changes.changeBackend('none', 'x', () => ({ address: '10.0.0.1' })).catch((e: ChangeError) => e.code),
    'CHANGE_UNKNOWN',
  );
});

test('a backend that has a lease keeps it through a change', async (t) => {
  await using etcd = await EtcdServer.start();
  await using node = await openSource({ endpoints: [etcd.endpoint] });
  const { changes } = node.source;
  await changes.changeService('web', () => web);
  const lease = (await etcd.etcdctl('lease', 'grant', '60')).split(' ')[1] as string;
  await etcd.etcdctl('put', `--lease=${lease}`, '/weir/v1/main/backends/web/web2', '{"address": "10.0.0.22"}');
  await node.until('10.0.0.21 10.0.0.22');
  t.like(await changes.changeBackend('web', '10.0.0.22', (b) => b && { ...b, state: 'draining' }), {
    after: { name: 'web2', state: 'draining' },
    isInForce: true,
  });
  t.is(weightIn(node, '10.0.0.22'), 0);
  t.regex(
    await etcd.etcdctl('get', '/weir/v1/main/backends/web/web2', '--write-out=json'),
    new RegExp(`"lease":${BigInt(`0x${lease}`)}`),
  );
});

test('a service goes with the backends that have keys of their own', async (t) => {
  await using etcd = await EtcdServer.start();
  await using node = await openSource({ endpoints: [etcd.endpoint] });
  const { changes } = node.source;
  await changes.changeService('web', () => web);
  await changes.changeBackend('web', 'web2', () => ({ name: 'web2', address: '10.0.0.22' }));
  t.like(await changes.changeService('web', () => undefined), { revision: '0', isInForce: true });
  t.is(node.config.services.length, 0);
  t.is(await etcd.etcdctl('get', '--prefix', '/weir/v1/main/backends/', '--keys-only'), '');
});

test('a service without a backend is written, and waits for its first one', async (t) => {
  await using etcd = await EtcdServer.start();
  await using node = await openSource({ endpoints: [etcd.endpoint] });
  t.like(await node.source.changes.changeService('web', () => ({ ...web, backends: [] })), { isInForce: false });
  t.like(await node.source.changes.changeBackend('web', 'web1', () => ({ name: 'web1', address: '10.0.0.21' })), {
    isInForce: true,
  });
  t.is(node.addresses(), '10.0.0.21');
});

test('what nodes would skip is refused with its path before it is written', async (t) => {
  await using etcd = await EtcdServer.start();
  await using node = await openSource({ endpoints: [etcd.endpoint], more: fileService });
  const { changes } = node.source;
  await changes.changeService('web', () => web);
  const pathsOf = async (change: Promise<unknown>) => {
    const error = await t.throwsAsync(change, { instanceOf: InvalidConfigError });
    return error?.problems.map(({ path }) => path);
  };
  const bad = { ...web, name: 'bad', port: 81 };
  t.deepEqual(await pathsOf(changes.changeService('bad', () => ({ ...bad, vip: '198.51.100' }))), ['vip']);
  t.deepEqual(await pathsOf(changes.changeService('a/b', () => bad)), ['name']);
  t.deepEqual(
    await pathsOf(changes.changeService('bad', () => ({ ...bad, backends: [{ address: '198.51.100.1' }] }))),
    ['backends[0].address'],
  );
  t.deepEqual(await pathsOf(changes.changeBackend('web', '10.0.0.21', weighed(-1))), ['weight']);
  t.deepEqual(await pathsOf(changes.changeBackend('web', 'web2', () => ({ name: 'web2', address: '198.51.100.1' }))), [
    'address',
  ]);
  t.is(await etcd.etcdctl('get', '/weir/v1/main/services/bad'), '');
});

test('a state that is wanted of a node keeps what a rollout wants of it', async (t) => {
  await using etcd = await EtcdServer.start();
  await using node = await openSource({ endpoints: [etcd.endpoint] });
  await etcd.etcdctl('put', '/weir/v1/main/node-states/lb1', '{"state": "active", "step": "r/1"}');
  await node.until(undefined);
  t.like(await node.source.changes.setNodeState('lb1', 'draining'), { after: 'draining', isInForce: true });
  t.is(node.config.node.wantedState, 'draining');
  t.deepEqual([...node.source.changes.nodeStates()], [['lb1', 'draining']]);
});

test('timeouts are those of all nodes; what etcd did not say is as the file has it', async (t) => {
  await using etcd = await EtcdServer.start();
  await using node = await openSource({ endpoints: [etcd.endpoint] });
  await node.until(undefined);
  t.like(await node.source.changes.setTimeouts({ tcp: '20m' }), { after: { tcp: '20m' }, isInForce: true });
  t.like(await node.source.changes.setTimeouts({ udp: '60s' }), { before: { tcp: '20m' }, isInForce: true });
  t.like(node.config.dataplane.timeouts, { tcpMs: 1_200_000, udpMs: 60_000 });
  const written = await etcd.etcdctl('get', '--print-value-only', '/weir/v1/main/settings/timeouts');
  t.deepEqual(JSON.parse(written), { tcp: '20m', udp: '60s' });
  await t.throwsAsync(node.source.changes.setTimeouts({ tcpSyn: '9000h' }), {
    message: /tcpSyn: "9000h" is more than 168h/,
  });
});

test('without etcd a change fails, and says what is wrong with etcd', async (t) => {
  await using etcd = await EtcdServer.start();
  await using node = await openSource({ endpoints: [etcd.endpoint], etcd: ['timeout: 500ms'] });
  await etcd.kill();
  const error = await t.throwsAsync(
    node.source.changes.changeService('web', () => web),
    { instanceOf: ChangeError },
  );
  t.is(error?.code, 'CHANGE_NO_ETCD');
  t.regex(error?.message ?? '', new RegExp(`127.0.0.1:${etcd.endpoint.port}`));
});
