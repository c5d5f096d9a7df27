import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import test from 'ava';
import { countOpen, openConnections } from './open-connections.js';

/** As the kernel prints it. */
const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
   2: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
   3: 0100007F:1F90 0100007F:C351 08 00000000:00000000 00:00000000 00000000     0        0 4 1 0 20 4 30 10 -1
   4: 0100007F:1F90 0100007F:C352 06 00000000:00000000 03:00000EA6 00000000     0        0 0 3 0
`;

test('connections to the port count while one side may send; listeners, clients and TIME_WAIT do not', (t) => {
  t.is(countOpen(TABLE, 8080), 2);
  t.is(countOpen(TABLE, 80), 0);
});

for (const address of ['127.0.0.1', '::1']) {
  test(`a connection to ${address} is open until both sides have closed it`, async (t) => {
    const server = createServer().listen(0, address);
    t.teardown(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    t.is(await openConnections(port), 0);
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const client = connect(port, address);
    const [served] = await accepted;
    t.is(await openConnections(port), 1);
    served.resume();
    const closed = once(served, 'close');
    client.end();
    await closed;
    t.is(await openConnections(port), 0);
  });
}
