import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import koffi from 'koffi';
import { createReadiness } from './readiness.js';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;

/** A datagram socket as a service manager has it; Node has none of its own. */
function listen(path: string) {
  const libc = koffi.load('libc.so.6');
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const bind = libc.func('int bind(int fd, const void *address, uint32_t bytes)');
  const receive = libc.func('int64_t recv(int fd, void *buffer, size_t bytes, int flags)');
  const close = libc.func('int close(int fd)');
  const fd = socket(AF_UNIX, SOCK_DGRAM, 0) as number;
  const address = Buffer.alloc(110);
  address.writeUInt16LE(AF_UNIX);
  address.write(path, 2);
  if (bind(fd, address, address.byteLength) !== 0) throw new Error(`bind: errno ${koffi.errno()}`);
  return {
    next(): string {
      const buffer = Buffer.alloc(4096);
      const bytes = Number(receive(fd, buffer, buffer.byteLength, 0));
      return buffer.toString('utf8', 0, bytes);
    },
    close: () => close(fd),
  };
}

test.serial('a service manager hears ready, reloading and stopping in its own words', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-notify-'));
  const path = join(directory, 'notify');
  const manager = listen(path);
  process.env.NOTIFY_SOCKET = path;
  t.teardown(() => {
    manager.close();
    delete process.env.NOTIFY_SOCKET;
    rmSync(directory, { recursive: true });
  });
  const readiness = createReadiness();
  readiness.ready('2 VIPs announced');
  t.is(manager.next(), 'READY=1\nSTATUS=2 VIPs announced');
  readiness.reloading();
  t.regex(manager.next(), /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
  readiness.status('1 VIP announced');
  t.is(manager.next(), 'STATUS=1 VIP announced');
  readiness.stopping('draining');
  t.is(manager.next(), 'STOPPING=1\nSTATUS=draining');
});

test('without a service manager nothing is told', (t) => {
  t.notThrows(() => createReadiness({}).ready('alone'));
});
