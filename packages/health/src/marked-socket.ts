import { isIPv6, Socket } from 'node:net';
import type { Close } from './attempt.js';
import type { ProbeTarget } from './health-check.js';
import { checked, libc } from './libc.js';

/** Numbers of <asm-generic/socket.h>. */
export const SOL_SOCKET = 1;
export const SO_MARK = 36;
const SO_LINGER = 13;

/** Kinds of sockets, with their numbers of <linux/net.h>. */
export const SocketKind = { stream: 1, datagram: 2 } as const;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** Families of addresses, with their numbers of <linux/socket.h>. */
export const AF_INET = 2;
export const AF_INET6 = 10;

/**
 * Begins to connect to the target, by the way that its mark decides. However the socket is closed, a RST ends the
 * connection at once: it leaves no TIME_WAIT, of which thousands of probes would use up the ports.
 *
 * @throws {ProbeSocketError} without CAP_NET_ADMIN, where there is a mark
 */
export function connectTo({ address, port, mark }: ProbeTarget): Socket {
  // Node.js knows neither SO_MARK nor SO_LINGER, and its own resetAndDestroy() waits for a connection that never comes and
  // fails where the other side ended first. So the socket is made outside, and taken over before it connects.
  const fd = openMarked(SocketKind.stream, isIPv6(address), mark);
  setOption(fd, 'SO_LINGER', SO_LINGER, [1, 0]);
  const socket = new Socket({ fd });
  // Who connects may throw before it listens itself; an error that nobody hears of would end the process.
  socket.on('error', () => {});
  return socket.connect({ host: address, port });
}

/**
 * Begins to ask over a connection to the target, as {@link connectTo} makes it. The connection ends when what `begin`
 * returns has been called, and when `begin` throws.
 */
export function askOver(target: ProbeTarget, begin: (socket: Socket) => Close): Close {
  const socket = connectTo(target);
  try {
    const close = begin(socket);
    return () => {
      close();
      socket.destroy();
    };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/**
 * Opens a socket that packets leave with this mark, and returns its file descriptor, which is the caller's.
 *
 * @throws {ProbeSocketError} without CAP_NET_ADMIN, where there is a mark
 */
export function openMarked(kind: number, isIpv6: boolean, mark?: number): number {
  const family = isIpv6 ? AF_INET6 : AF_INET;
  const fd = checked('socket', libc().socket(family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (mark !== undefined) setOption(fd, `SO_MARK ${mark}`, SO_MARK, [mark]);
  return fd;
}

/** Sets an option that is some ints, or closes the socket and throws. */
function setOption(fd: number, name: string, option: number, ints: readonly number[]): void {
  // In the order of the host's bytes, as the kernel wants them.
  const value = new Uint8Array(Uint32Array.from(ints).buffer);
  try {
    checked(name, libc().setsockopt(fd, SOL_SOCKET, option, value, value.byteLength));
  } catch (error) {
    libc().close(fd);
    throw error;
  }
}
