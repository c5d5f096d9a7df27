import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from './command.js';
import { LabError } from './lab-error.js';

const REMOVE_TIMEOUT_MS = 5_000;

/**
 * Makes a control group (version 2) beside those of this machine.
 *
 * @returns its directory
 * @throws LabError `LAB_NO_CGROUP2` when no such hierarchy is mounted, or none that can be written to
 */
export function makeControlGroup(name: string): string {
  const root = hierarchy();
  if (root === undefined) {
    const help =
      'mount one with "mount -t cgroup2 cgroup2 /sys/fs/cgroup", or give the container that this is a writable one';
    throw new LabError('LAB_NO_CGROUP2', `no cgroup2 hierarchy is mounted; a machine with systemd needs it: ${help}`);
  }
  const directory = join(root, name);
  try {
    mkdirSync(directory, { recursive: true });
  } catch (cause) {
    const help = 'a container has to be started with a writable /sys/fs/cgroup';
    throw new LabError('LAB_NO_CGROUP2', `cannot make the control group ${directory}: ${help}`, { cause });
  }
  return directory;
}

/**
 * Removes the control groups whose names begin so, and those in them. Their processes must have been killed.
 *
 * @throws what rmdir(2) says of one that is not empty 5 s later
 */
export function removeControlGroups(prefix: string): void {
  const root = hierarchy();
  if (root === undefined) return;
  for (const name of readdirSync(root).filter((entry) => entry.startsWith(prefix))) removeTree(join(root, name));
}

function removeTree(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  const deadline = performance.now() + REMOVE_TIMEOUT_MS;
  for (;;) {
    try {
      rmdirSync(directory);
      return;
    } catch (error) {
      if (!existsSync(directory)) return;
      // A process that was killed is in its group until it has been reaped.
      if (performance.now() > deadline) throw error;
      pause();
    }
  }
}

/** Where the hierarchy is: /sys/fs/cgroup, or /sys/fs/cgroup/unified beside those of version 1. */
function hierarchy(): string | undefined {
  const line = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .find((mount) => / cgroup2 /.test(mount));
  return line?.split(' ')[1];
}
