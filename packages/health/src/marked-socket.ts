import { isIPv6, Socket } from 'node:net';
import type { ProbeTarget } from './health-check.js';
import { checked, libc } from './libc.js';

/** Numbers of <asm-generic/socket.h>. */
export const SOL_SOCKET = 1;
export const SO_MARK = 36;

/** Kinds of sockets, with their numbers of <linux/net.h>. */
export const SocketKind = { stream: 1, datagram: 2 } as const;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** Families of addresses, with their numbers of <linux/socket.h>. */
export const AF_INET = 2;
export const AF_INET6 = 10;

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
 * Opens a socket that packets leave with this mark, and returns its file descriptor, which is the caller's.
 *
 * @throws {ProbeSocketError} without CAP_NET_ADMIN
 */
export function openMarked(kind: number, isIpv6: boolean, mark: number): number {
  const family = isIpv6 ? AF_INET6 : AF_INET;
  const fd = checked('socket', libc().socket(family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (mark === 0) return fd;
  try {
    // An int of the host, which is little-endian wherever Weir runs (x64, arm64).
    const value = new Uint8Array(4);
    new DataView(value.buffer).setUint32(0, mark, true);
    checked(`SO_MARK ${mark}`, libc().setsockopt(fd, SOL_SOCKET, SO_MARK, value, value.byteLength));
    return fd;
  } catch (error) {
    libc().close(fd);
    throw error;
  }
}
