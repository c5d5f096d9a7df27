import koffi from 'koffi';

function bind() {
  const libc = koffi.load('libc.so.6');
  return {
    socket: libc.func('int socket(int domain, int type, int protocol)') as (
      domain: number,
      type: number,
      protocol: number,
    ) => number,
    setsockopt: libc.func('int setsockopt(int fd, int level, int option, const void *value, uint32_t bytes)') as (
      fd: number,
      level: number,
      option: number,
      value: Uint8Array,
      bytes: number,
    ) => number,
    close: libc.func('int close(int fd)') as (fd: number) => number,
  };
}

let bound: ReturnType<typeof bind> | undefined;

/** The functions of libc that Node.js has no counterpart of; bound at first use. */
export function libc(): ReturnType<typeof bind> {
  bound ??= bind();
  return bound;
}

const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));

/** Name of the errno of the call before, such as `EPERM`. */
export function lastErrno(): string {
  const errno = koffi.errno();
  return names.get(errno) ?? `errno ${errno}`;
}
