import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LabHost, type LabProcess, waitUntil } from '@weir/lab';

/** A systemd that runs in namespaces of its own. */
export interface BootedSystem {
  /** Holds it: ends with it, and it ends with this. */
  readonly process: LabProcess;
  /** The pid, outside, of its process 1. */
  readonly pid: number;
  /** Directory of the control group of all its processes. */
  readonly controlGroup: string;
}

const BOOT_SCRIPT = fileURLToPath(new URL('../machine/boot.sh', import.meta.url));
const START_TIMEOUT_MS = 120_000;

/**
 * Starts systemd on a host of a lab, with an own root, own processes, users as they are, and the host's network. All of it goes
 * when this process ends, however: the kernel kills the holder, then process 1, then all others in its namespace, and so
 * the last mount goes.
 *
 * @param baseTree   the root, below what the machine writes
 * @param shown      directories of this machine that it can read, by where it has them
 * @throws LabError `LAB_NO_CGROUP2`, `LAB_PROCESS_ENDED` with what failed, `LAB_DEADLINE_PASSED`
 */
export async function bootSystem(
  host: LabHost,
  baseTree: string,
  shown: Readonly<Record<string, string>>,
): Promise<BootedSystem> {
  const controlGroup = host.makeControlGroup();
  const root = mkdtempSync(join(host.directory, `${host.name}-root-`));
  const script = [
    BOOT_SCRIPT,
    baseTree,
    root,
    ...Object.entries(shown).flatMap(([inside, outside]) => [outside, inside]),
  ];
  const process = host.spawn(
    'setpriv',
    [
      ...[
        '--pdeathsig',
        'KILL',
        'unshare',
        '--mount',
        '--pid',
        '--uts',
        '--ipc',
        '--fork',
        '--kill-child',
        'bash',
        '-c',
      ],
      // The group is the root of those that the machine sees, so it is entered first.
      'echo 0 > "$0/cgroup.procs" && exec unshare --cgroup "$@"',
      controlGroup,
      ...script,
    ],
    { name: 'systemd' },
  );
  const pid = await waitUntil(
    `systemd on ${host.name} to start`,
    () => {
      process.failIfEnded();
      const child = childOf(process.pid);
      return child !== undefined && existsSync(`/proc/${child}/root/run/systemd/private`) ? child : undefined;
    },
    { timeoutMs: START_TIMEOUT_MS },
  );
  return { process, pid, controlGroup };
}

/** Whether any of its processes has not ended yet. */
export function hasProcesses({ controlGroup }: BootedSystem): boolean {
  return readFileSync(join(controlGroup, 'cgroup.events'), 'utf8').includes('populated 1');
}

function childOf(pid: number): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    return child === undefined ? undefined : Number(child);
  } catch {
    return undefined;
  }
}
