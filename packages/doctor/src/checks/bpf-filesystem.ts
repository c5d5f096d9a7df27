import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import { type Subject, usesBpf } from '../subject.js';

/** f_type of a BPF file system (linux/magic.h, BPF_FS_MAGIC). */
const BPF_FS_MAGIC = 0xcafe4a11;
const MOUNT_POINT = '/sys/fs/bpf';
const OF_BACKEND = `${MOUNT_POINT}/weir-real-server`;

/** Is there a place to pin programs and tables at, so that a restart loses no packet? */
export const bpfFilesystem: Check = {
  name: 'bpf-filesystem',
  looksAt: 'the BPF file system that has `dataplane.pinDirectory`: mounted and writable',
  symptom: 'the daemon ends with 69 (BPF_FILESYSTEM)',
  cure: "mount one: `mount -t bpf bpf /sys/fs/bpf`; in a container mount the host's /sys/fs/bpf writable",
  roles: ['node', 'backend'],
  async examine(subject, host) {
    if (!usesBpf(subject)) return [{ verdict: 'skipped', found: 'the portable engine does without' }];
    const directory = pinDirectoryOf(subject);
    if ((await host.fileSystemType(directory)) !== BPF_FS_MAGIC) return [notMounted(directory)];
    if (!(await host.isWritable(directory))) return [notWritable(directory)];
    return [{ verdict: 'ok', about: directory, found: 'on a BPF file system, writable' }];
  },
};

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
