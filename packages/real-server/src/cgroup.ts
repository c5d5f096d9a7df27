import { closeSync, openSync, readFileSync, statfsSync } from 'node:fs';
import { pin } from '@weir/dataplane';
import koffi from 'koffi';
import { AgentError } from './agent-error.js';

/** f_type of a cgroup2 file system: CGROUP2_SUPER_MAGIC of linux/magic.h. */
const CGROUP2_MAGIC = 0x63677270;

/** Of enum bpf_attach_type in linux/bpf.h. */
const attachTypes = { sockops: 3, getpeername4: 29, getpeername6: 30 } as const;
export type CgroupHook = keyof typeof attachTypes;

/**
 * The root of the cgroup2 hierarchy: all processes are in it.
 * @throws {AgentError} CGROUP_UNUSABLE
 */
export function cgroupRoot(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const root = mounts.find(([, , type]) => type === 'cgroup2')?.[1];
  if (root === undefined) {
    throw new AgentError('CGROUP_UNUSABLE', 'no cgroup2 file system is mounted; mount one, and name it by --cgroup');
  }
  return root;
}

/** The directory of a cgroup, open until it is disposed. */
export class Cgroup implements Disposable {
  readonly #path: string;
  readonly #fd: number;

  /** @throws {AgentError} CGROUP_UNUSABLE */
  constructor(path: string) {
    this.#path = path;
    try {
      if (statfsSync(path).type !== CGROUP2_MAGIC) throw new Error('it is on no cgroup2 file system');
      this.#fd = openSync(path, 'r');
    } catch (cause) {
      throw new AgentError('CGROUP_UNUSABLE', `${path} is not a cgroup: ${(cause as Error).message}`, {
        cause,
        details: { cgroup: path },
      });
    }
  }

  /**
   * Lets a program run for the cgroup and those below, also after this process, as long as the link stays pinned. One
   * of a former life that is pinned at `pinPath` is let go afterwards: no connection meets neither.
   *
   * @throws {AgentError} CGROUP_UNUSABLE
   */
  attach(programFd: number, hook: CgroupHook, pinPath: string): void {
    const createLink = koffi
      .load('libbpf.so.1')
      .func('int bpf_link_create(int program, int target, int type, const void *options)');
    const link = createLink(programFd, this.#fd, attachTypes[hook], null) as number;
    if (link < 0) {
      throw new AgentError('CGROUP_UNUSABLE', `cgroup ${this.#path} takes no ${hook} program: errno ${-link}`, {
        details: { cgroup: this.#path, hook, errno: -link },
      });
    }
    try {
      pin(link, pinPath);
    } finally {
      closeSync(link);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
