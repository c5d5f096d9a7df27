/**
 * The program that {@link TcpSessions} runs on a host: opens connections to an echo server, which says its name first, and
 * sends a line on each of them in rounds: the next one when all have been answered. Prints lines of JSON: `backend` for a
 * connection that is open, `lost` for one that has ended, `round` for one that is complete. Arguments: address, port, number
 * of connections, local address or nothing.
 */
import { connect, type Socket } from 'node:net';
import { argv } from 'node:process';

const ROUND_INTERVAL_MS = 50;
const OPEN_TIMEOUT_MS = 5000;

const [address, port, count] = [argv[2] as string, Number(argv[3]), Number(argv[4])];
const localAddress = argv[5];
const open = new Set<Socket>();
const unanswered = new Set<Socket>();
let opening = count;
let round = 0;

for (let number = 0; number < count; number++) openSession();

function openSession(): void {
  const socket = connect({ host: address, port, ...(localAddress ? { localAddress } : {}) });
  let named = false;
  const deadline = setTimeout(() => socket.destroy(new Error('timed out')), OPEN_TIMEOUT_MS);
  socket.setNoDelay(true).setEncoding('utf8');
  socket.on('data', (text: string) => {
    if (!named) {
      named = true;
      clearTimeout(deadline);
      open.add(socket);
      print({ backend: text.trim() });
      opened();
    } else if (unanswered.delete(socket)) completeRound();
  });
  socket.once('error', (error) => lose(error.message));
  socket.once('close', () => lose('closed'));

  let isLost = false;
  function lose(reason: string): void {
    if (isLost) return;
    isLost = true;
    clearTimeout(deadline);
    open.delete(socket);
    print({ lost: reason });
    if (!named) opened();
    if (unanswered.delete(socket)) completeRound();
  }
}

function opened(): void {
  if (--opening === 0) startRound();
}

function startRound(): void {
  if (open.size === 0) process.exit(0);
  for (const socket of open) {
    unanswered.add(socket);
    socket.write(`round ${round}\n`);
  }
}

function completeRound(): void {
  if (unanswered.size > 0) return;
  print({ round: round++ });
  setTimeout(startRound, ROUND_INTERVAL_MS);
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
