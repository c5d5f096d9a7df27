import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { eventually } from '@weir/errors/test-support';
import test from 'ava';
import { EtcdServer } from '../test-support/etcd-server.js';
import { connectEtcd } from './etcd-connection.js';

test('attempts at a member that accepts connections and is silent leave no connection open', async (t) => {
  const open = new Set<Socket>();
  const silent = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    socket.resume();
  }).listen(0, '127.0.0.1');
  t.teardown(() => silent.close());
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  for (let attempt = 0; attempt < 3; attempt++) {
    await t.throwsAsync(connectEtcd({ timeoutMs: 100 }, { host: '127.0.0.1', port }), { message: /DEADLINE_EXCEEDED/ });
  }
  await eventually('their end', () => open.size === 0);
});

test('a client has one connection, which goes when it is disposed of, though the member is frozen', async (t) => {
  await using server = await EtcdServer.start();
  const relayed = new Set<Socket>();
  const relay = createServer((socket) => {
    relayed.add(socket);
    socket.on('error', () => {}).on('close', () => relayed.delete(socket));
    const onward = connect(server.endpoint.port, '127.0.0.1').on('error', () => {});
    socket.pipe(onward).pipe(socket);
    socket.on('close', () => onward.destroy());
  }).listen(0, '127.0.0.1');
  t.teardown(() => relay.close());
  await once(relay, 'listening');
  const { port } = relay.address() as AddressInfo;
  const connection = await connectEtcd({ timeoutMs: 20_000 }, { host: '127.0.0.1', port });
  await connection.client.put('/a/key').value('1');
  const watch = await connection.client.watchClient.watch();
  watch.on('error', () => {});
  await connection.client.leaseClient.leaseGrant({ TTL: 10 });
  t.is(relayed.size, 1);
  server.signal('SIGSTOP');
  connection[Symbol.dispose]();
  await eventually('its end', () => relayed.size === 0);
});
