import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { removeControlGroups } from './control-groups.js';
import { LabError } from './lab-error.js';
import { killProcessesIn, namespaceNames } from './namespace-process.js';
import { identifyProcess, isAlive, type ProcessIdentity } from './process-identity.js';
import { killRecordedProcesses } from './process-record.js';

/**
 * What one lab holds in the machine. All of it carries the run's id, so that whoever comes next can find it again:
 * namespaces and control groups `weir-ID-HOST`, files in /run/weir-lab/ID, BPF pins in /sys/fs/bpf/weir-lab-ID.
 */
export interface Run {
  /** Six hexadecimal digits. */
  readonly id: string;
  readonly directory: string;
  /** For maps and links that programs in the lab pin; undefined where no bpffs can be mounted. */
  readonly bpffsDirectory: string | undefined;
  readonly namespacePrefix: string;
}

const RUNS = '/run/weir-lab';
const BPFFS = '/sys/fs/bpf';
/** BPF_FS_MAGIC (linux/magic.h). */
const BPFFS_MAGIC = 0xcafe4a11;
const OWNER_FILE = 'owner.json';
const UNFINISHED = '.new-';
/** A directory without an owner for longer than this was left by a process that died while making it. */
const UNFINISHED_MAX_MS = 60_000;

/** Takes an id and makes the directories of a run that this process owns. */
export function createRun(): Run {
  mountBpffs();
  const run = runOf(randomBytes(3).toString('hex'));
  // The directory appears complete, with its owner, or not at all: nobody may take it for an orphan.
  mkdirSync(RUNS, { recursive: true });
  const unfinished = mkdtempSync(join(RUNS, UNFINISHED));
  writeFileSync(join(unfinished, OWNER_FILE), JSON.stringify(identifyProcess(process.pid)));
  // FRR and nginx give up root and must still get to their files.
  chmodSync(unfinished, 0o755);
  renameSync(unfinished, run.directory);
  if (run.bpffsDirectory !== undefined) mkdirSync(run.bpffsDirectory, { recursive: true });
  return run;
}

/**
 * Kills the processes of a run and removes its namespaces, control groups, pins and files. Synchronous, so that it also works while a
 * process exits. What is gone already is fine.
 *
 * @throws LabError `LAB_LEFTOVERS_REMAIN`
 */
export function removeRun(run: Run): void {
  killRecordedProcesses(run.directory);
  removeNamespaces(namespaceNames().filter((name) => name.startsWith(`${run.namespacePrefix}-`)));
  removeControlGroups(`${run.namespacePrefix}-`);
  if (run.bpffsDirectory !== undefined) removePins(run.bpffsDirectory);
  // Last: as long as something is there, so is the record of whose it is.
  rmSync(run.directory, { recursive: true, force: true });
  try {
    rmdirSync(RUNS);
  } catch {
    // Other runs are there.
  }
}

/**
 * Removes what labs left whose process is gone, however it ended. Labs of processes that still run are left alone.
 *
 * @returns the ids of the runs removed
 */
export function removeLeftovers(): string[] {
  const entries = existsSync(RUNS) ? readdirSync(RUNS) : [];
  for (const entry of entries.filter((name) => name.startsWith(UNFINISHED))) {
    const directory = join(RUNS, entry);
    const age = Date.now() - (statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age > UNFINISHED_MAX_MS) rmSync(directory, { recursive: true, force: true });
  }
  const dead = entries.filter((id) => /^[0-9a-f]{6}$/.test(id) && !hasLivingOwner(id));
  for (const id of dead) removeRun(runOf(id));
  // A command that was adding namespaces when its lab was killed may have added some after they were removed.
  const orphans = namespaceNames().filter((name) => {
    const id = /^weir-([0-9a-f]{6})-/.exec(name)?.[1];
    return id !== undefined && !existsSync(join(RUNS, id));
  });
  removeNamespaces(orphans);
  return dead;
}

function hasBpffs(): boolean {
  return existsSync(BPFFS) && statfsSync(BPFFS).type === BPFFS_MAGIC;
}

/** As systemd does it for a whole machine, and a node for itself; it stays. A container has none by itself. */
function mountBpffs(): void {
  if (hasBpffs()) return;
  try {
    execFileSync('mount', ['-t', 'bpf', 'bpf', BPFFS], { stdio: 'pipe' });
  } catch {
    // A kernel without BPF, or no permission: whoever needs it says so.
  }
}

function runOf(id: string): Run {
  return {
    id,
    directory: join(RUNS, id),
    bpffsDirectory: hasBpffs() ? join(BPFFS, `weir-lab-${id}`) : undefined,
    namespacePrefix: `weir-${id}`,
  };
}

function hasLivingOwner(id: string): boolean {
  try {
    return isAlive(JSON.parse(readFileSync(join(RUNS, id, OWNER_FILE), 'utf8')) as ProcessIdentity);
  } catch {
    return false;
  }
}

function removeNamespaces(namespaces: readonly string[]): void {
  if (namespaces.length === 0) return;
  killProcessesIn(namespaces);
  try {
    execFileSync('ip', ['-force', '-batch', '-'], {
      input: namespaces.map((name) => `netns delete ${name}\n`).join(''),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  } catch (cause) {
    // Somebody else may have removed one of them first, which is as good.
    const left = namespaceNames().filter((name) => namespaces.includes(name));
    if (left.length === 0) return;
    throw new LabError('LAB_LEFTOVERS_REMAIN', `cannot remove the network namespaces ${left.join(', ')}`, { cause });
  }
}

/** bpffs has no type for pins that a recursive remove would know: what is no directory is unlinked. */
function removePins(directory: string): void {
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) removePins(path);
      else unlinkSync(path);
    }
    rmdirSync(directory);
  } catch (error) {
    // It is gone, perhaps because somebody else removes the same run.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
