import test from 'ava';
import { EtcdServer } from '../test-support/etcd-server.js';
import { connectEtcd } from './etcd-connection.js';
import { readRange } from './key-range.js';
import { type KeyEvent, watchRange } from './watch-stream.js';

test('a watch from a revision that was compacted ends with that', async (t) => {
  await using server = await EtcdServer.start();
  for (const value of ['1', '2', '3']) await server.etcdctl('put', '/a/key', value);
  await server.etcdctl('compact', '4');
  using connection = await connectEtcd({ timeoutMs: 20_000 }, server.endpoint);
  const options = { prefix: '/a/', timeoutMs: 20_000, signal: new AbortController().signal, onEvents: () => t.fail() };
  const error = await watchRange(connection.client, { ...options, fromRevision: 2n });
  t.is(error.message, 'changes before revision 4 were compacted');
});

test('a range of several pages is read in the order in which its keys were made, and watched without a gap', async (t) => {
  await using server = await EtcdServer.start();
  using connection = await connectEtcd({ timeoutMs: 5000 }, server.endpoint);
  const { client } = connection;
  const names = Array.from({ length: 2500 }, (_, at) => `k${2500 - at}`);
  for (let at = 0; at < names.length; at += 100) {
    await Promise.all(names.slice(at, at + 100).map((name) => client.put(`/a/${name}`).value(name)));
  }
  await client.put('/b/other').value('x');
  const { revision, keys, revisions } = await readRange(client, '/a/');
  t.is(keys.size, 2500);
  t.is(keys.get('k7'), 'k7');
  t.is(revisions.size, 2500);
  t.true(Number(revisions.get('k7')) <= Number(revision));
  const order = [...keys.keys()];
  t.true(order.indexOf('k2500') < order.indexOf('k1'));

  await client.put('/a/k1').value('new');
  await client.delete().key('/a/k2');
  const closed = new AbortController();
  const told: KeyEvent[] = [];
  const error = await watchRange(client, {
    prefix: '/a/',
    timeoutMs: 20_000,
    signal: closed.signal,
    fromRevision: BigInt(revision) + 1n,
    onEvents(events) {
      told.push(...events);
      if (told.length === 2) closed.abort();
    },
  });
  t.is(error.message, 'stopped');
  t.deepEqual(told, [
    { key: 'k1', text: 'new', revision: String(BigInt(revision) + 1n) },
    { key: 'k2', text: undefined, revision: String(BigInt(revision) + 2n) },
  ]);
});
