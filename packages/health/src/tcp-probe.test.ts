import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import test from 'ava';
import { probe } from './probe.js';
import { listening } from './test-support/listening.js';
import { probeOnce } from './test-support/probe-once.js';

const TIME_WAIT = '06';

for (const host of ['127.0.0.1', '::1']) {
  test(`a server that accepts on ${host} is well, and no connection is left in TIME_WAIT`, async (t) => {
    const server = createServer((socket) => socket.on('error', () => {}));
    const port = await listening(t, server, host);
    // The port may have been another server's a minute ago.
    const before = waiting(port);
    t.deepEqual(await probeOnce({ kind: 'tcp' }, { address: host, port }), { isWell: true, reason: 'connected' });
    t.deepEqual(
      waiting(port).filter((connection) => !before.includes(connection)),
      [],
    );
  });
}

test('a port that nobody listens on is refused', async (t) => {
  const server = createServer();
  const port = await listening(t, server);
  await new Promise((resolve) => server.close(resolve));
  const found = await probeOnce({ kind: 'tcp' }, { address: '127.0.0.1', port });
  t.deepEqual(found, { isWell: false, reason: 'connection refused' });
});

test('a probe that was called off before it began opens nothing', async (t) => {
  const server = createServer(() => t.fail('connected'));
  const port = await listening(t, server);
  const { reason } = await probe({ kind: 'tcp' }, { address: '127.0.0.1', port }, 1000, AbortSignal.abort());
  t.is(reason, 'the probe was called off');
});

/** Connections to or from a port that wait for stray segments: both ends, as the kernel lists them. */
function waiting(port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) => readFileSync(file, 'utf8').trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, remote, state]) => state === TIME_WAIT && (local?.endsWith(suffix) || remote?.endsWith(suffix)))
    .map(([, local, remote]) => `${local} ${remote}`);
}
