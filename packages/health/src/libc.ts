import { WeirError } from '@weir/errors';
import koffi from 'koffi';

/** The kernel refused what a probe needs of a socket. */
export class ProbeSocketError extends WeirError {}

type Call<Args extends unknown[]> = (...args: Args) => number;

function bind() {
  const libc = koffi.load('libc.so.6');
  return {
    socket: libc.func('int socket(int domain, int type, int protocol)') as Call<[number, number, number]>,
    setsockopt: libc.func('int setsockopt(int fd, int level, int option, const void *value, uint32_t bytes)') as Call<
      [number, number, number, Uint8Array, number]
    >,
    bind: libc.func('int bind(int fd, const void *address, uint32_t bytes)') as Call<[number, Uint8Array, number]>,
    connect: libc.func('int connect(int fd, const void *address, uint32_t bytes)') as Call<
      [number, Uint8Array, number]
    >,
    getsockname: libc.func('int getsockname(int fd, _Out_ void *address, void *bytes)') as Call<
      [number, Uint8Array, Uint8Array]
    >,
    close: libc.func('int close(int fd)') as Call<[number]>,
  };
}

let bound: ReturnType<typeof bind> | undefined;

/** The functions of libc that Node.js has no counterpart of; bound at first use. */
export function libc(): ReturnType<typeof bind> {
  bound ??= bind();
  return bound;
}

const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));

/**
 * Passes on what a function of libc returned.
 *
 * @throws {ProbeSocketError} if that says that it failed, with the name of errno
 */
export function checked(call: string, returned: number): number {
  if (returned >= 0) return returned;
  const errno = koffi.errno();
  const name = names.get(errno) ?? `errno ${errno}`;
  const help = name === 'EPERM' ? '; marks need CAP_NET_ADMIN, raw sockets CAP_NET_RAW' : '';
  throw new ProbeSocketError('PROBE_SOCKET_REFUSED', `${call} was refused: ${name}${help}`, {
    details: { call, errno: name },
  });
}

/** Address of a buffer's first byte, for a structure that points to it; the caller keeps the buffer alive meanwhile. */
export function addressOf(buffer: Uint8Array): bigint {
  return BigInt(koffi.address(buffer));
}
