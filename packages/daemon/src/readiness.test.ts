import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import koffi from 'koffi';
import { createReadiness } from './readiness.js';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;

/** A service manager's datagram socket, in NOTIFY_SOCKET until the test ends; Node has no such sockets of its own. */
function serviceManager(t: ExecutionContext) {
  const directory = mkdtempSync(join(tmpdir(), 'weir-notify-'));
  const path = join(directory, 'notify');
  const libc = koffi.load('libc.so.6');
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const bind = libc.func('int bind(int fd, const void *address, uint32_t bytes)');
  const setOption = libc.func('int setsockopt(int fd, int level, int option, const void *value, uint32_t bytes)');
  const receive = libc.func('int64_t recv(int fd, void *buffer, size_t bytes, int flags)');
  const close = libc.func('int close(int fd)');
  const fd = socket(AF_UNIX, SOCK_DGRAM, 0) as number;
  const address = Buffer.alloc(110);
  address.writeUInt16LE(AF_UNIX);
  address.write(path, 2);
  if (bind(fd, address, address.byteLength) !== 0) throw new Error(`bind: errno ${koffi.errno()}`);
  const patience = Buffer.alloc(16); // struct timeval
  patience.writeBigInt64LE(5n);
  setOption(fd, SOL_SOCKET, SO_RCVTIMEO, patience, patience.byteLength);
  process.env.NOTIFY_SOCKET = path;
  t.teardown(() => {
    close(fd);
    delete process.env.NOTIFY_SOCKET;
    rmSync(directory, { recursive: true });
  });
  const receiveInThread = promisify(receive.async);
  return {
    /** The next message; empty if none comes for 5 s. */
    async next(): Promise<string> {
      const buffer = Buffer.alloc(4096);
      const bytes = Number(await receiveInThread(fd, buffer, buffer.byteLength, 0));
      return buffer.toString('utf8', 0, Math.max(0, bytes));
    },
  };
}

test.serial('a service manager hears ready, reloading and stopping in its own words', async (t) => {
  const manager = serviceManager(t);
  using readiness = createReadiness();
  readiness.ready('2 VIPs announced');
  t.is(await manager.next(), 'READY=1\nSTATUS=2 VIPs announced');
  const beforeUs = process.hrtime.bigint() / 1000n;
  readiness.reloading();
  const [, monotonicUs] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(await manager.next()) ?? [];
  t.true(BigInt(monotonicUs ?? 0) >= beforeUs);
  readiness.status('1 VIP announced');
  t.is(await manager.next(), 'STATUS=1 VIP announced');
  readiness.stopping('draining');
  t.is(await manager.next(), 'STOPPING=1\nSTATUS=draining');
});

test.serial('a status of several lines is told as one, and says nothing else by accident', async (t) => {
  const manager = serviceManager(t);
  using readiness = createReadiness();
  readiness.status('2 problems:\n  STOPPING=1');
  t.is(await manager.next(), 'STATUS=2 problems: STOPPING=1');
});

test.serial('a watchdog hears signs of life twice in its time, until disposed', async (t) => {
  const manager = serviceManager(t);
  const readiness = createReadiness({ ...process.env, WATCHDOG_USEC: '100000', WATCHDOG_PID: String(process.pid) });
  const sinceMs = performance.now();
  t.is(await manager.next(), 'WATCHDOG=1');
  t.is(await manager.next(), 'WATCHDOG=1');
  t.true(performance.now() - sinceMs >= 90);
  readiness[Symbol.dispose]();
});

test.serial("another process's watchdog hears nothing", async (t) => {
  const manager = serviceManager(t);
  using readiness = createReadiness({ ...process.env, WATCHDOG_USEC: '2', WATCHDOG_PID: '1' });
  await new Promise((resolve) => setTimeout(resolve, 1));
  readiness.status('alone');
  t.is(await manager.next(), 'STATUS=alone');
});

test.serial('a service manager that can not be told is warned of', async (t) => {
  const warned = once(process, 'warning');
  t.notThrows(() => createReadiness({ NOTIFY_SOCKET: '/run/nobody' }, 'libnowhere.so.0').ready('alone'));
  const [warning] = (await warned) as [Error];
  t.regex(warning.message, /NOTIFY_SOCKET is set but libnowhere\.so\.0 can't be loaded/);
});

test('without a service manager nothing is told', (t) => {
  t.notThrows(() => createReadiness({}).ready('alone'));
});
