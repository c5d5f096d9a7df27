import koffi, { type LibraryHandle } from 'koffi';
import { DataplaneError } from '../dataplane-error.js';

/** Address of a C object; 0 or null is NULL. */
export type Pointer = bigint;

function loadLibrary(names: readonly string[], debianPackage: string): LibraryHandle {
  const causes: unknown[] = [];
  for (const name of names) {
    try {
      return koffi.load(name);
    } catch (error) {
      causes.push(error);
    }
  }
  throw new DataplaneError(
    'BPF_LIBRARY_MISSING',
    `${names.join(' or ')} could not be loaded; install the Debian package ${debianPackage}`,
    { cause: causes[0], details: { libraries: names } },
  );
}

function bind() {
  const libc = loadLibrary(['libc.so.6'], 'libc6');
  const libbpf = loadLibrary(['libbpf.so.1'], 'libbpf1');
  const native = {
    // libc
    mmap: libc.func('void *mmap(void *addr, size_t length, int prot, int flags, int fd, int64 offset)'),
    munmap: libc.func('int munmap(void *addr, size_t length)'),
    close: libc.func('int close(int fd)'),
    socket: libc.func('int socket(int domain, int type, int protocol)'),
    ioctl: libc.func('int ioctl(int fd, unsigned long request, void *argument)'),
    epollCreate: libc.func('int epoll_create1(int flags)'),
    epollControl: libc.func('int epoll_ctl(int epoll, int operation, int fd, void *event)'),
    epollWait: libc.func('int epoll_wait(int epoll, _Out_ void *events, int most, int timeout)'),
    ifNameToIndex: libc.func('unsigned int if_nametoindex(const char *name)'),
    ifIndexToName: libc.func('void *if_indextoname(unsigned int index, _Out_ uint8_t *name)'),
    // objects
    setPrint: libbpf.func('void *libbpf_set_print(void *callback)'),
    possibleCpus: libbpf.func('int libbpf_num_possible_cpus()'),
    openObject: libbpf.func('void *bpf_object__open_file(const char *path, const void *options)'),
    loadObject: libbpf.func('int bpf_object__load(void *object)'),
    closeObject: libbpf.func('void bpf_object__close(void *object)'),
    findMap: libbpf.func('void *bpf_object__find_map_by_name(void *object, const char *name)'),
    findProgram: libbpf.func('void *bpf_object__find_program_by_name(void *object, const char *name)'),
    setAutoload: libbpf.func('int bpf_program__set_autoload(void *program, bool autoload)'),
    programFd: libbpf.func('int bpf_program__fd(void *program)'),
    // maps
    mapFd: libbpf.func('int bpf_map__fd(void *map)'),
    setMaxEntries: libbpf.func('int bpf_map__set_max_entries(void *map, uint32_t entries)'),
    initialValue: libbpf.func('void *bpf_map__initial_value(void *map, _Out_ size_t *bytes)'),
    reuseFd: libbpf.func('int bpf_map__reuse_fd(void *map, int fd)'),
    // system call wrappers
    getPinned: libbpf.func('int bpf_obj_get(const char *path)'),
    pin: libbpf.func('int bpf_obj_pin(int fd, const char *path)'),
    getInfo: libbpf.func('int bpf_obj_get_info_by_fd(int fd, void *info, _Inout_ uint32_t *bytes)'),
    createLink: libbpf.func('int bpf_link_create(int program, int target, int type, const void *options)'),
    updateLink: libbpf.func('int bpf_link_update(int link, int program, const void *options)'),
    queryXdp: libbpf.func('int bpf_xdp_query(int ifindex, int flags, void *options)'),
    tcHookCreate: libbpf.func('int bpf_tc_hook_create(void *hook)'),
    tcHookDestroy: libbpf.func('int bpf_tc_hook_destroy(void *hook)'),
    tcAttach: libbpf.func('int bpf_tc_attach(const void *hook, void *options)'),
    tcDetach: libbpf.func('int bpf_tc_detach(const void *hook, const void *options)'),
    tcQuery: libbpf.func('int bpf_tc_query(const void *hook, void *options)'),
    testRun: libbpf.func('int bpf_prog_test_run_opts(int program, void *options)'),
    lookupElement: libbpf.func('int bpf_map_lookup_elem(int map, const void *key, void *value)'),
    deleteElement: libbpf.func('int bpf_map_delete_elem(int map, const void *key)'),
    nextKey: libbpf.func('int bpf_map_get_next_key(int map, const void *key, void *next)'),
    updateElement: libbpf.func('int bpf_map_update_elem(int map, const void *key, const void *value, uint64_t flags)'),
  };
  // libbpf writes to stderr by default; what matters of it is in the errors that are thrown here.
  native.setPrint(null);
  return native;
}

let bound: ReturnType<typeof bind> | undefined;

/** The functions of libc and libbpf that Weir calls; loaded at first use, so that importing this package needs neither. */
export function native(): ReturnType<typeof bind> {
  bound ??= bind();
  return bound;
}

/** Numbers of <errno.h> that are told apart here. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
} as const;

const errnoNames = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));

/** Name of an errno, such as `EOPNOTSUPP`. */
export function errnoName(errno: number): string {
  return errnoNames.get(errno) ?? `errno ${errno}`;
}

/** Checks a result of libbpf 1.x: negative is -errno. */
export function checked(result: number, what: string, details: Record<string, unknown> = {}): number {
  if (result >= 0) return result;
  const errno = -result;
  const denied = errno === Errno.EPERM || errno === Errno.EACCES;
  throw new DataplaneError(
    denied ? 'BPF_NOT_PERMITTED' : 'BPF_CALL_FAILED',
    denied
      ? `${what} is not permitted (${errnoName(errno)}); run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON`
      : `${what} failed: ${errnoName(errno)}`,
    { details: { ...details, errno: errnoName(errno) } },
  );
}

/** Virtual address of the buffer's first byte; the caller keeps the buffer alive as long as C may use it. */
export function addressOf(buffer: Uint8Array): Pointer {
  return BigInt(koffi.address(buffer));
}

/** Memory at `pointer` as an ArrayBuffer that is not copied. */
export function viewOf(pointer: Pointer, bytes: number): ArrayBuffer {
  return koffi.view(pointer, bytes) as ArrayBuffer;
}

/** CPUs that this kernel may ever have; the stride of per-CPU arrays. */
export function possibleCpus(): number {
  return checked(native().possibleCpus(), 'counting CPUs');
}
