import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from './command.js';
import { LabError } from './lab-error.js';

const NAMESPACE_DIRECTORY = '/run/netns';
const KILL_TIMEOUT_MS = 5_000;

/** The named network namespaces. */
export function namespaceNames(): string[] {
  try {
    return readdirSync(NAMESPACE_DIRECTORY);
  } catch {
    return [];
  }
}

/**
 * The processes that are in one of these network namespaces now, in no order.
 *
 * The kernel is asked, not a list of what was once started: this finds children of children too, and never a pid that
 * was given out again to somebody else.
 */
export function processesIn(namespaces: readonly string[]): number[] {
  const own = namespaceKey('/proc/self/ns/net');
  const keys = namespaces.map((name) => namespaceKey(join(NAMESPACE_DIRECTORY, name)));
  const wanted = new Set(keys.filter((key) => key !== undefined && key !== own));
  if (wanted.size === 0) return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && wanted.has(namespaceKey(`/proc/${entry}/ns/net`)))
    .map(Number);
}

/**
 * Kills every process in these namespaces, and those that they start meanwhile.
 *
 * @throws LabError `LAB_LEFTOVERS_REMAIN` when some do not die, as a process does not that hangs in the kernel
 */
export function killProcessesIn(namespaces: readonly string[]): void {
  const killed = new Set<number>();
  const deadline = performance.now() + KILL_TIMEOUT_MS;
  for (let pids = processesIn(namespaces); pids.length > 0; pids = processesIn(namespaces)) {
    if (performance.now() > deadline) {
      throw new LabError('LAB_LEFTOVERS_REMAIN', `processes ${pids.join(', ')} outlived SIGKILL`, {
        details: { pids },
      });
    }
    for (const pid of pids) {
      kill(pid);
      killed.add(pid);
    }
    // A killed process leaves its namespace while it exits, which takes the kernel a moment.
    pause();
  }
  for (const pid of killed) removeScratchOfFrr(pid);
}

/** FRR's daemons make a directory under /var/tmp/frr, named after their pid, and leave it there. */
export function removeScratchOfFrr(pid: number): void {
  for (const daemon of ['zebra', 'bgpd']) {
    rmSync(`/var/tmp/frr/${daemon}.${pid}`, { recursive: true, force: true });
  }
}

/** Device and inode tell namespaces apart; a file in /run/netns that nothing is mounted on is on another device. */
function namespaceKey(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
