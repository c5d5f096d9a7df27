/**
 * The program that {@link udpEcho} runs on a host. Arguments: address, port, bytes of a datagram, number of datagrams, and for
 * how many ms to wait for answers. Prints a line of JSON.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { argv } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

const SEND_INTERVAL_MS = 10;

const address = argv[2] as string;
const [port, bytes, datagrams, timeoutMs] = argv.slice(3, 7).map(Number) as [number, number, number, number];
const awaited = new Set<string>();
const result = { intact: 0, damaged: 0 };
const wait = new AbortController();

const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
socket.on('message', (message) => {
  if (awaited.delete(message.toString('latin1'))) result.intact++;
  else result.damaged++;
  if (result.intact + result.damaged === datagrams) wait.abort();
});
// A datagram that is refused or too big counts as one that was not answered.
socket.on('error', () => undefined);
socket.connect(port, address, async () => {
  for (let sent = 0; sent < datagrams; sent++) {
    const datagram = randomBytes(bytes);
    awaited.add(datagram.toString('latin1'));
    socket.send(datagram, () => undefined);
    await delay(SEND_INTERVAL_MS);
  }
  await delay(timeoutMs, undefined, { signal: wait.signal }).catch(() => undefined);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  socket.close();
});
