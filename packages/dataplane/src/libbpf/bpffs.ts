import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { DataplaneError } from '../dataplane-error.js';
import { checked, Errno, native } from './native.js';

/** f_type of a BPF file system (linux/magic.h, BPF_FS_MAGIC). */
const BPF_FS_MAGIC = 0xcafe4a11;
const BPF_MOUNT_POINT = '/sys/fs/bpf';

function isBpfFileSystem(path: string): boolean {
  for (let probe = path; ; probe = dirname(probe)) {
    try {
      return statfsSync(probe).type === BPF_FS_MAGIC;
    } catch {
      if (probe === dirname(probe)) return false;
    }
  }
}

/**
 * Makes `directory` on a BPF file system; mounts one at /sys/fs/bpf if nobody did.
 * @throws {DataplaneError} BPF_FILESYSTEM
 */
export function preparePinDirectory(directory: string): void {
  try {
    if (!isBpfFileSystem(directory) && directory.startsWith(`${BPF_MOUNT_POINT}/`)) {
      execFileSync('mount', ['-t', 'bpf', 'bpf', BPF_MOUNT_POINT], { stdio: 'pipe' });
    }
    if (isBpfFileSystem(directory)) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      return;
    }
  } catch (cause) {
    throw new DataplaneError('BPF_FILESYSTEM', `${directory} can't be made on a BPF file system: ${String(cause)}`, {
      cause,
      details: { directory },
    });
  }
  throw new DataplaneError(
    'BPF_FILESYSTEM',
    `${directory} is not on a BPF file system; choose a directory below ${BPF_MOUNT_POINT}`,
    { details: { directory } },
  );
}

/** Opens what is pinned at `path`; undefined if nothing is. The caller closes the descriptor. */
export function openPinned(path: string): number | undefined {
  const fd = native().getPinned(path) as number;
  if (fd === -Errno.ENOENT) return undefined;
  return checked(fd, `opening ${path}`, { path });
}

/** Pins a map, program or link at `path`, in place of what was pinned there. */
export function pin(fd: number, path: string): void {
  unpin(path);
  checked(native().pin(fd, path), `pinning ${path}`, { path });
}

/** Removes a pin; none is fine. What is pinned goes when nobody else holds it. */
export function unpin(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
