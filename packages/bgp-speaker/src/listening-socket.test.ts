import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import test from 'ava';
import { holdsListener } from './listening-socket.js';

test('a port belongs to the process that listens on it, to no other, and to nobody once it is closed', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const address = `127.0.0.1:${port}`;
  t.true(holdsListener(process.pid, address));
  t.false(holdsListener(process.ppid, address));
  t.false(holdsListener(2 ** 22 + 1, address), 'no process has such a number');

  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  t.false(holdsListener(process.pid, `127.0.0.1:${client.localPort}`), 'a connection is no listener');
  client.destroy();
  server.close();
  await once(server, 'close');
  t.false(holdsListener(process.pid, address));
});
