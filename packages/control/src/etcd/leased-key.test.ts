import test, { type ExecutionContext } from 'ava';
import { EtcdServer } from '../test-support/etcd-server.js';
import { connectEtcd } from './etcd-connection.js';
import { LeasedKey } from './leased-key.js';

const KEY = '/weir/v1/main/nodes/lb1';
/** More than etcd takes in one request. */
const TOO_LONG = 'x'.repeat(4 * 1024 * 1024);

/** The key of somebody whose values begin with `own`. */
async function open(t: ExecutionContext, server: EtcdServer) {
  const connection = await connectEtcd({ timeoutMs: 5000 }, server.endpoint);
  t.teardown(() => connection[Symbol.dispose]());
  const { client } = connection;
  const written = { value: 'own' };
  const key = new LeasedKey({
    key: KEY,
    leaseMs: 60_000,
    timeoutMs: 5000,
    value: () => written.value,
    isOwn: (text) => text.startsWith('own'),
  });
  return { key, written, step: () => key.step(client), stands: () => client.get(KEY).string(), client };
}

test('a key that was taken away is written again, also where the first attempt to do so failed', async (t) => {
  await using server = await EtcdServer.start();
  const { key, written, step, stands, client } = await open(t, server);
  await step();
  await client.delete().key(KEY);
  key.forget();
  written.value = TOO_LONG;
  await t.throwsAsync(step());
  written.value = 'own';
  t.is((await step()).kind, 'held');
  t.is(await stands(), 'own');
});

test('a key that somebody else had meanwhile is written again once it is free', async (t) => {
  await using server = await EtcdServer.start();
  const { key, step, stands, client } = await open(t, server);
  await step();
  await client.put(KEY).value('other');
  key.forget();
  t.deepEqual(await step(), { kind: 'taken', text: 'other' });
  await client.delete().key(KEY);
  t.is((await step()).kind, 'held');
  t.is(await stands(), 'own');
});
