import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import test from 'ava';
import { listening } from './test-support/listening.js';
import { serialInPrivateNetwork } from './test-support/private-network.js';
import { probeOnce } from './test-support/probe-once.js';

const call = serialInPrivateNetwork(test);
const syn = { kind: 'syn' } as const;

for (const address of ['127.0.0.1', '::1']) {
  call(`a SYN to ${address} is answered, and the server never has a connection to accept`, async (t) => {
    const accepted: (number | undefined)[] = [];
    const server = createServer((socket) => accepted.push(socket.remotePort));
    const port = await listening(t, server, address);
    t.deepEqual(await probeOnce(syn, { address, port }), { isWell: true, reason: 'SYN-ACK' });
    // Connections are accepted in their order: none of the probe's came before this one.
    const client = connect(port, address);
    await once(server, 'connection');
    t.deepEqual(accepted, [client.localPort]);
    client.destroy();
  });

  call(`a SYN to a port of ${address} that nobody listens on is refused`, async (t) => {
    t.deepEqual(await probeOnce(syn, { address, port: 1 }), { isWell: false, reason: 'connection refused' });
  });
}

call('of many SYNs at once each finds its own answer', async (t) => {
  const port = await listening(t, createServer());
  const targets = Array.from({ length: 100 }, (_, i) => ({ address: '127.0.0.1', port: i % 2 === 0 ? port : 1 }));
  const all = await Promise.all(targets.map((target) => probeOnce(syn, target)));
  t.deepEqual(
    all.map(({ isWell }) => isWell),
    targets.map((target) => target.port === port),
  );
});
