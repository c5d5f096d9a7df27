import { eventually } from '@weir/errors/test-support';
import test from 'ava';
import { EtcdServer } from '../test-support/etcd-server.js';
import { nodeRecord, openSource } from '../test-support/open-source.js';

const KEY = '/weir/v1/main/nodes/lb1';

async function stateOf(server: EtcdServer): Promise<string | undefined> {
  const text = await server.etcdctl('get', '--print-value-only', KEY);
  return text === '' ? undefined : (JSON.parse(text) as { state: string }).state;
}

test('a node is registered until it leaves, and tells its state when that changes', async (t) => {
  await using server = await EtcdServer.start();
  await using opened = await openSource({ endpoints: [server.endpoint] });
  await using other = await openSource({ endpoints: [server.endpoint], name: 'lb2' });
  let record = nodeRecord('lb1', 'a', 'filling');
  {
    await using registration = opened.source.register(() => record);
    await eventually('the key', async () => (await stateOf(server)) === 'filling');
    record = nodeRecord('lb1', 'a', 'active');
    registration.refresh();
    await eventually('the new state', () => other.source.nodes()[0]?.state === 'active');
    t.deepEqual(other.source.nodes(), [record]);
  }
  t.is(await stateOf(server), undefined);
  await eventually('its end', () => other.source.nodes().length === 0);
});

test('a lease that expires while the node is alive is noticed, and the node registered again', async (t) => {
  await using server = await EtcdServer.start();
  // Long enough not to expire before it is revoked.
  await using opened = await openSource({ endpoints: [server.endpoint], etcd: ['lease: 20s'] });
  await using _registration = opened.source.register(() => nodeRecord('lb1', 'a'));
  await eventually('the key', () => stateOf(server));
  const leases = await server.etcdctl('lease', 'list');
  const [lease] = /^[0-9a-f]{8,}$/m.exec(leases) ?? [];
  await server.etcdctl('lease', 'revoke', lease as string);
  await opened.log.until(/^warn: the lease of nodes\/lb1 had expired; registered again, nothing was withdrawn$/);
  t.is(await stateOf(server), 'active');
});

test('a key that somebody deletes is written again', async (t) => {
  await using server = await EtcdServer.start();
  await using opened = await openSource({ endpoints: [server.endpoint] });
  await using _registration = opened.source.register(() => nodeRecord('lb1', 'a'));
  await eventually('the key', () => stateOf(server));
  await server.etcdctl('del', KEY);
  await eventually('the key again', () => stateOf(server));
  t.deepEqual(opened.log.lines, []);
});

test('a second node of one name says so, leaves the first alone, and takes its place when it goes', async (t) => {
  await using server = await EtcdServer.start();
  await using first = await openSource({ endpoints: [server.endpoint], etcd: ['lease: 20s'] });
  await using second = await openSource({ endpoints: [server.endpoint], etcd: ['lease: 2s'] });
  const ofFirst = first.source.register(() => nodeRecord('lb1', 'a'));
  await eventually('the key', () => stateOf(server));
  await using _ofSecond = second.source.register(() => nodeRecord('lb1', 'b', 'filling'));
  const line = await second.log.until(/^error/);
  t.is(
    line,
    'error: another node that is alive is registered as nodes/lb1; give each its own node.name. This one is not registered',
  );
  t.is(await stateOf(server), 'active');
  await ofFirst[Symbol.asyncDispose]();
  await eventually('the second', async () => (await stateOf(server)) === 'filling');
  t.deepEqual(first.log.lines, []);
});

test('what a crashed life of the node left behind is waited out without an error', async (t) => {
  await using server = await EtcdServer.start();
  const granted = await server.etcdctl('lease', 'grant', '60');
  const [, lease] = /lease ([0-9a-f]+)/.exec(granted) ?? [];
  await server.etcdctl('put', `--lease=${lease}`, KEY, JSON.stringify(nodeRecord('lb1', 'former', 'draining')));
  await using opened = await openSource({ endpoints: [server.endpoint], etcd: ['lease: 20s'] });
  await using _registration = opened.source.register(() => nodeRecord('lb1', 'a'));
  // With a lease of its own, it looks at the key.
  await eventually('its lease', async () => (await server.etcdctl('lease', 'list')).includes('found 2 leases'));
  await server.etcdctl('lease', 'revoke', lease as string);
  await eventually('the key', async () => (await stateOf(server)) === 'active');
  t.deepEqual(opened.log.lines, []);
});

test('a registration outlives an etcd that is away', async (t) => {
  await using server = await EtcdServer.start();
  await using opened = await openSource({ endpoints: [server.endpoint], etcd: ['lease: 5s'] });
  await using _registration = opened.source.register(() => nodeRecord('lb1', 'a'));
  await eventually('the key', () => stateOf(server));
  await server.kill();
  await eventually('the outage', () => !opened.source.status().connected);
  await server.start();
  await eventually('the connection', () => opened.source.status().connected);
  await eventually('the key again', async () => (await stateOf(server)) === 'active');
  t.pass();
});
