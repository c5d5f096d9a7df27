import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';

/**
 * A process of backends: listens on so many ports of loopback, from a first one on, and answers HTTP on each. Tells its
 * parent when all of them listen, and ends with it.
 */
const [firstPort, count] = process.argv.slice(2).map(Number) as [number, number];
const http = createHttpServer((_, response) => void response.end('well\n'));
process.on('disconnect', () => process.exit());

await Promise.all(Array.from({ length: count }, (_, i) => listen(firstPort + i)));
process.send?.('listening');

function listen(port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    http.emit('connection', socket);
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
}
