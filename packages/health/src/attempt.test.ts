import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import test from 'ava';
import { attempt } from './attempt.js';
import { listening } from './test-support/listening.js';

const never = new AbortController().signal;

test('an attempt resolves though what it opened can not be closed', async (t) => {
  const result = await attempt(10, never, () => () => {
    throw new Error('EPERM');
  });
  t.like(result, { isWell: false, reason: 'no answer within 10 ms' });
});

test('an answer that came before the time was up counts, though this process was held up', async (t) => {
  const server = createServer();
  const port = await listening(t, server);
  const accepted = once(server, 'connection');
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const [backend] = (await accepted) as [Socket];
  const result = await attempt(20, never, (settle) => {
    socket.once('data', (data) => settle(true, data.toString()));
    backend.end('well');
    holdUp(60);
    return () => socket.destroy();
  });
  t.like(result, { isWell: true, reason: 'well' });
});

function holdUp(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
