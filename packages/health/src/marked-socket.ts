import { isIPv6, Socket } from 'node:net';
import { WeirError } from '@weir/errors';
import type { ProbeTarget } from './health-check.js';
import { lastErrno, libc } from './libc.js';

/** A socket of the kernel could not be made as a probe needs it. */
export class ProbeSocketError extends WeirError {}

/** Numbers of <sys/socket.h> and <asm-generic/socket.h>. */
const AF_INET = 2;
const AF_INET6 = 10;
const SOL_SOCKET = 1;
const SO_MARK = 36;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** Kinds of sockets, with their numbers of <sys/socket.h>. */
export const SocketKind = { stream: 1, datagram: 2 } as const;

/**
 * Begins to connect to the target, by the way that its mark decides.
 *
 * @throws {ProbeSocketError} without CAP_NET_ADMIN, where there is a mark
 */
export function connectTo({ address, port, mark }: ProbeTarget): Socket {
  // Node.js knows no SO_MARK: the socket is made outside, and taken over before it connects.
  const socket =
    mark === undefined ? new Socket() : new Socket({ fd: openMarked(SocketKind.stream, isIPv6(address), mark) });
  return socket.connect({ host: address, port });
}

/**
 * Opens a socket with SO_MARK and returns its file descriptor, which is the caller's.
 *
 * @throws {ProbeSocketError}
 */
export function openMarked(kind: number, isIpv6: boolean, mark: number): number {
  const fd = libc().socket(isIpv6 ? AF_INET6 : AF_INET, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw refused('socket', mark);
  if (libc().setsockopt(fd, SOL_SOCKET, SO_MARK, markValue(mark), 4) === 0) return fd;
  const error = refused('SO_MARK', mark);
  libc().close(fd);
  throw error;
}

/** The value of SO_MARK: an int of the host, all of whose are little-endian here (x64, arm64). */
export function markValue(mark: number): Buffer {
  const value = Buffer.alloc(4);
  value.writeUInt32LE(mark);
  return value;
}

function refused(what: string, mark: number): ProbeSocketError {
  const errno = lastErrno();
  return new ProbeSocketError(
    'PROBE_SOCKET_REFUSED',
    `a socket with mark ${mark} was refused (${what}: ${errno}); marks need CAP_NET_ADMIN`,
    { details: { what, mark, errno } },
  );
}
