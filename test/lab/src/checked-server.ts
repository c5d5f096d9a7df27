/**
 * The program that {@link startCheckedServer} runs on a host. A client says on each connection which one it is and how it
 * wants it, see {@link ConnectionHello}; from then on both ends send as {@link CheckedStream} has it, each at that pace.
 * Resets a connection on which something wrong arrives, and prints it as a line of JSON, `mismatch`; `ended` is one that
 * somebody else ended.
 * Arguments: name, which is the first line that is sent on each connection; port.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { argv } from 'node:process';
import { decodeHello, HELLO_BYTES } from './checked-hello.js';
import { CheckedStream, UNSENT_BYTES_MAX } from './checked-stream.js';
import { SteadyPace } from './steady-pace.js';

const [name, port] = [argv[2] as string, Number(argv[3])];
const paces = new Map<number, SteadyPace<() => void>>();

const server = createServer((socket) => {
  socket.setNoDelay(true).write(`${name}\n`);
  let hello = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', function readHello(bytes: Buffer) {
    hello = Buffer.concat([hello, bytes]);
    if (hello.length < HELLO_BYTES) return;
    socket.off('data', readHello);
    serve(socket, hello);
  });
});
server.listen({ port, host: '::', backlog: 4096 });
await once(server, 'listening');
process.stdout.write('ready\n');

function serve(socket: Socket, begin: Buffer): void {
  const { connection, messageBytes, intervalMs } = decodeHello(begin);
  const stream = new CheckedStream(connection, 'server', messageBytes);
  const pace = paces.get(intervalMs) ?? new SteadyPace(intervalMs, (send) => send());
  paces.set(intervalMs, pace);
  const send = () => {
    if (socket.writableLength < UNSENT_BYTES_MAX) socket.write(stream.nextMessage());
  };
  const receive = (bytes: Buffer) => {
    const mismatch = stream.receive(bytes);
    if (mismatch === undefined) return;
    process.stdout.write(`${JSON.stringify({ mismatch, connection })}\n`);
    socket.resetAndDestroy();
  };
  socket.once('error', (error) => process.stdout.write(`${JSON.stringify({ ended: error.message, connection })}\n`));
  socket.once('close', () => pace.delete(send));
  socket.on('data', receive);
  pace.add(send);
  receive(begin.subarray(HELLO_BYTES));
}
