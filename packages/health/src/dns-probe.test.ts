import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import test from 'ava';
import type { Probe } from './health-check.js';
import { listening } from './test-support/listening.js';
import { startNameServer } from './test-support/name-server.js';
import { serialInPrivateNetwork } from './test-support/private-network.js';
import { probeOnce } from './test-support/probe-once.js';

type DnsProbe = Extract<Probe, { kind: 'dns' }>;

const PORT = 5300;
const call = serialInPrivateNetwork(test);

call('a name server is asked as configured, and its answer judged', async (t) => {
  const server = await startNameServer(PORT);
  t.teardown(() => server.kill());
  const cases: readonly [string, DnsProbe['recordType'], boolean, string][] = [
    ['www.test', 'A', true, 'A of www.test'],
    ['www.test', 'AAAA', true, 'AAAA of www.test'],
    ['txt.test', 'TXT', true, 'TXT of txt.test'],
    ['_http._tcp.test', 'SRV', true, 'SRV of _http._tcp.test'],
    ['txt.test', 'A', false, 'no A of txt.test in the answer'],
    ['elsewhere.example', 'A', false, 'rcode REFUSED for A of elsewhere.example'],
  ];
  for (const address of ['127.0.0.1', '::1']) {
    for (const transport of ['udp', 'tcp'] as const) {
      for (const [name, recordType, isWell, reason] of cases) {
        const found = await probeOnce({ kind: 'dns', name, recordType, transport }, { address, port: PORT });
        t.deepEqual(found, { isWell, reason }, `${transport} to ${address}`);
      }
    }
  }
});

for (const transport of ['udp', 'tcp'] as const) {
  call(`a ${transport} port that nobody listens on is refused`, async (t) => {
    const probe: DnsProbe = { kind: 'dns', name: 'www.test', recordType: 'A', transport };
    const found = await probeOnce(probe, { address: '127.0.0.1', port: 1 });
    t.deepEqual(found, { isWell: false, reason: 'connection refused' });
  });
}

call('what is not DNS is told as such', async (t) => {
  const server = createSocket('udp4', (message, { port }) => server.send(message.subarray(0, 5), port));
  t.teardown(() => server.close());
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const probe: DnsProbe = { kind: 'dns', name: 'www.test', recordType: 'A', transport: 'udp' };
  const found = await probeOnce(probe, { address: '127.0.0.1', port });
  t.deepEqual(found, { isWell: false, reason: 'the answer is not DNS' });
});

call('a server that closes the connection without an answer is told so', async (t) => {
  const port = await listening(
    t,
    createServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end(),
    ),
  );
  const probe: DnsProbe = { kind: 'dns', name: 'www.test', recordType: 'A', transport: 'tcp' };
  const found = await probeOnce(probe, { address: '127.0.0.1', port });
  t.deepEqual(found, { isWell: false, reason: 'connection closed without an answer' });
});
