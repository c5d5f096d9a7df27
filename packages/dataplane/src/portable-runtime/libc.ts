import koffi from 'koffi';

/** Numbers of <errno.h>. */
export const Errno = { EPERM: 1, EBUSY: 16, EINVAL: 22 } as const;

function bind() {
  const libc = koffi.load('libc.so.6');
  return {
    ioctl: libc.func('int ioctl(int fd, unsigned long request, void *argument)'),
    read: libc.func('int64 read(int fd, void *buffer, size_t bytes)'),
    write: libc.func('int64 write(int fd, const void *buffer, size_t bytes)'),
    poll: libc.func('int poll(void *fds, unsigned long count, int timeout_ms)'),
    eventfd: libc.func('int eventfd(unsigned int initial, int flags)'),
    socket: libc.func('int socket(int domain, int type, int protocol)'),
    connect: libc.func('int connect(int fd, const void *address, uint32_t bytes)'),
    getsockopt: libc.func('int getsockopt(int fd, int level, int option, void *value, void *bytes)'),
  };
}

let bound: ReturnType<typeof bind> | undefined;

/** The functions of libc that this engine calls; bound at first use, and without libbpf: where BPF is not allowed it may be missing. */
export function libc(): ReturnType<typeof bind> {
  bound ??= bind();
  return bound;
}

/** The errno of the call before. */
export function lastErrno(): number {
  return koffi.errno();
}

const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));

/** Name of an errno, such as `EPERM`. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}

/** Address of a buffer's first byte, for a call that runs on another thread; the caller keeps the buffer alive meanwhile. */
export function addressOf(buffer: Uint8Array): bigint {
  return BigInt(koffi.address(buffer));
}
