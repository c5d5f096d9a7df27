import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import type { Host } from '../host.js';
import { HostError } from '../host-error.js';
import { type Role, type Subject, usesBpf } from '../subject.js';

/** f_type of a BPF file system (linux/magic.h, BPF_FS_MAGIC). */
const BPF_FS_MAGIC = 0xcafe4a11;
const MOUNT_POINT = '/sys/fs/bpf';
const OF_BACKEND = `${MOUNT_POINT}/weir-real-server`;

/** Is there a place to pin programs and tables at, so that a restart loses no packet? */
export const bpfFilesystem: Check = {
  name: 'bpf-filesystem',
  looksAt:
    'the BPF file system that has `dataplane.pinDirectory`: mounted, writable, and of the user that the unit runs as',
  symptom: 'the daemon ends with 69 (BPF_FILESYSTEM)',
  cure: "mount one: `mount -t bpf bpf /sys/fs/bpf`; in a container mount the host's /sys/fs/bpf writable",
  roles: ['node', 'backend'],
  async examine(subject, host) {
    if (!usesBpf(subject)) return [{ verdict: 'skipped', found: 'the portable engine does without' }];
    const directory = pinDirectoryOf(subject);
    if ((await host.fileSystemType(directory)) !== BPF_FS_MAGIC) return [notMounted(directory)];
    if (!(await host.isWritable(directory))) return [notWritable(directory)];
    return [ownerFinding(directory, await ownerOf(directory, host), await userOfUnit(subject.role, host))];
  },
};

/** Root may write everywhere: whether the daemon may, its unit's user and the directory's owner say. */
export function ownerFinding(directory: string, owner: string | undefined, user: string | undefined): Finding {
  const found = `on a BPF file system, writable for this user${owner === undefined ? '' : `, and of ${owner}`}`;
  if (owner === undefined || user === undefined || user === 'root' || user === owner) {
    return { verdict: 'ok', about: directory, found };
  }
  return {
    verdict: 'fault',
    about: directory,
    found: `it belongs to ${owner}; the unit runs its daemon as ${user}`,
    wanted: `a directory of ${user}`,
    cure: 'give it to the user of the unit, with what is in it (tmpfiles.d of the package does so)',
    commands: [`chown --recursive ${user} ${directory}`],
  };
}

/** @returns undefined: it is not there yet */
async function ownerOf(directory: string, host: Host): Promise<string | undefined> {
  return await answerOf(host, 'stat', ['--format=%U', directory]);
}

/** @returns undefined: there is no such unit, or no systemd */
async function userOfUnit(role: Role, host: Host): Promise<string | undefined> {
  const unit = role === 'node' ? 'weir-node.service' : 'weir-real-server.service';
  return await answerOf(host, 'systemctl', ['show', '--property=User', '--value', unit]);
}

async function answerOf(host: Host, command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const answer = (await host.run(command, args)).trim();
    return answer === '' ? undefined : answer;
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

function pinDirectoryOf(subject: Subject): string {
  return subject.role === 'node' ? (subject.config?.dataplane.pinDirectory ?? MOUNT_POINT) : OF_BACKEND;
}

function notMounted(directory: string): Finding {
  const isBelow = directory === MOUNT_POINT || directory.startsWith(`${MOUNT_POINT}/`);
  return {
    verdict: 'fault',
    about: directory,
    found: 'not on a BPF file system',
    wanted: 'a directory on a BPF file system',
    cure: isBelow
      ? 'mount it; systemd does so at boot, a container needs the mount of its host'
      : `choose a dataplane.pinDirectory below ${MOUNT_POINT}, or mount a BPF file system there`,
    ...(isBelow ? { commands: [`mount -t bpf bpf ${MOUNT_POINT}`] } : {}),
  };
}

function notWritable(directory: string): Finding {
  return {
    verdict: 'fault',
    about: directory,
    found: 'nothing can be made there: it is mounted read-only, or belongs to another user',
    wanted: 'writable for the user that the daemon runs as',
    cure: 'mount it read-write, and give the directory to the user of the unit (tmpfiles.d of the package does so)',
    commands: [`mount -o remount,rw ${MOUNT_POINT}`],
  };
}
