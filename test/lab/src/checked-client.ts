/**
 * The program that {@link CheckedConnections} runs on a host: opens connections to checked servers and keeps them in use.
 * Prints lines of JSON: `backend` for a connection that is open, `lost` for one that ended, `opened` when all have moved
 * data both ways or were lost, `moved` when all that live have since the mark. SIGUSR2 sets a mark, and is answered by a
 * line `mark`; SIGHUP asks for a line `report`. Arguments: options as JSON, see {@link ClientOptions}.
 */
import { connect } from 'node:net';
import { argv } from 'node:process';
import type { ClientOptions, ConnectionsReport } from './checked-connections.js';
import { encodeHello } from './checked-hello.js';
import { CheckedStream, UNSENT_BYTES_MAX } from './checked-stream.js';
import { SteadyPace } from './steady-pace.js';

const OPEN_TIMEOUT_MS = 10_000;
/** Connections that are being opened at a time; less than any queue of a listener. */
const OPENING_MAX = 100;

/** A connection of which nothing was lost so far. */
interface Connection {
  readonly stream: CheckedStream;
  readonly send: () => void;
  /** When the server last confirmed more than before. */
  movedAt: number;
  /** Bytes that were sent when the mark was set: it has moved once one after them is confirmed. */
  sentAtMark: number;
  hasMoved: boolean;
  longestPauseMs: number;
}

const options = JSON.parse(argv[2] as string) as ClientOptions;
const { address, port, count, messageBytes, intervalMs, localAddress } = options;
const alive = new Set<Connection>();
const pace = new SteadyPace<Connection>(intervalMs, ({ send }) => send());
/** Of connections that ended. */
const bytesBefore = { sent: 0, received: 0 };
let mismatches = 0;
let lost = 0;
let begun = 0;
let mark = 0;
let unmoved = count;

while (begun < Math.min(OPENING_MAX, count)) open(begun++);

process.on('SIGUSR2', () => {
  unmoved = alive.size;
  for (const connection of alive) {
    Object.assign(connection, { sentAtMark: connection.stream.sent, hasMoved: false, longestPauseMs: 0 });
  }
  print({ mark: ++mark });
  // There may be none left to wait for.
  if (unmoved === 0) print({ moved: mark });
});
process.on('SIGHUP', () => print({ report: report() }));
// Signals do not keep a process whose connections are all lost.
setInterval(() => undefined, 0x7fffffff);

function open(number: number): void {
  const openedAt = performance.now();
  const socket = connect({ host: address, port, ...(localAddress === undefined ? {} : { localAddress }) });
  const stream = new CheckedStream(number, 'client', messageBytes);
  const connection: Connection = {
    stream,
    send: () => {
      if (socket.writableLength < UNSENT_BYTES_MAX) socket.write(stream.nextMessage());
    },
    movedAt: openedAt,
    sentAtMark: 0,
    hasMoved: false,
    longestPauseMs: 0,
  };
  let backend: string | undefined;
  let isEnded = false;
  alive.add(connection);
  const deadline = setTimeout(() => end('timed out'), OPEN_TIMEOUT_MS);
  socket.setNoDelay(true);
  socket.once('connect', () => {
    socket.write(encodeHello({ connection: number, messageBytes, intervalMs }));
    pace.add(connection);
  });
  socket.on('error', (error) => end(error.message));
  socket.once('end', () => end('ended by the server'));
  socket.once('close', () => end('closed'));
  let greeting = '';
  socket.on('data', (bytes: Buffer) => {
    if (isEnded) return;
    if (backend !== undefined) return receive(bytes);
    const lineEnd = bytes.indexOf('\n');
    greeting += bytes.toString('latin1', 0, lineEnd < 0 ? bytes.length : lineEnd);
    if (lineEnd < 0) return;
    backend = greeting;
    print({ backend, connection: number });
    receive(bytes.subarray(lineEnd + 1));
  });

  function receive(bytes: Buffer): void {
    const before = stream.confirmed;
    const mismatch = stream.receive(bytes);
    if (mismatch !== undefined) {
      mismatches++;
      end(mismatch);
    } else if (stream.confirmed > before) {
      clearTimeout(deadline);
      moved(connection);
    }
  }

  function end(reason: string): void {
    if (isEnded) return;
    isEnded = true;
    clearTimeout(deadline);
    socket.destroy();
    pace.delete(connection);
    alive.delete(connection);
    bytesBefore.sent += stream.sent;
    bytesBefore.received += stream.received;
    lost++;
    print({ lost: reason, connection: number, backend, ageMs: Math.round(performance.now() - openedAt) });
    if (!connection.hasMoved) countMoved();
  }
}

function moved(connection: Connection): void {
  const now = performance.now();
  connection.longestPauseMs = Math.max(connection.longestPauseMs, now - connection.movedAt);
  connection.movedAt = now;
  if (connection.hasMoved || connection.stream.confirmed <= connection.sentAtMark) return;
  connection.hasMoved = true;
  countMoved();
}

function countMoved(): void {
  if (mark === 0 && begun < count) open(begun++);
  if (--unmoved === 0) print(mark === 0 ? { opened: alive.size } : { moved: mark });
}

function report(): ConnectionsReport {
  const now = performance.now();
  const pauses = [...alive].map((each) => Math.max(each.longestPauseMs, now - each.movedAt)).sort((a, b) => a - b);
  const total = { ...bytesBefore };
  for (const { stream } of alive) {
    total.sent += stream.sent;
    total.received += stream.received;
  }
  const at = (share: number) => Math.round(pauses[Math.ceil(share * pauses.length) - 1] ?? 0);
  return {
    alive: alive.size,
    unmoved,
    lost,
    mismatches,
    sentBytes: total.sent,
    receivedBytes: total.received,
    pausesMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
  };
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
