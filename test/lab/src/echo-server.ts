/**
 * The program that {@link startEchoServer} runs on a host: says its name on each TCP connection, then repeats what it gets;
 * repeats each UDP datagram. Arguments: name, port.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { argv } from 'node:process';

const [name, port] = [argv[2] as string, Number(argv[3])];

const server = createServer((socket) => {
  socket.setNoDelay(true).write(`${name}\n`);
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
});
server.listen(port, '::');
await once(server, 'listening');

// A socket of its own for each address: an answer from a wildcard socket comes from the address that routing picks, which
// is not the VIP that was asked.
for (const device of Object.values(networkInterfaces()).flat()) {
  if (device === undefined || device.scopeid) continue;
  const socket = createSocket(device.family === 'IPv4' ? 'udp4' : 'udp6');
  socket.on('message', (message, sender) => socket.send(message, sender.port, sender.address));
  socket.bind(port, device.address);
  await once(socket, 'listening');
}
process.stdout.write('ready\n');
