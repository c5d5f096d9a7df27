import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { killGroup, pause } from './command.js';
import { identifyProcess, isAlive, type ProcessIdentity } from './process-identity.js';

const RECORD_FILE = 'processes.jsonl';

/**
 * Notes a process that was started for a run, which must lead a process group.
 *
 * Looking into the namespaces finds the others, but not one that is on its way in: `nsenter` that has opened a namespace
 * and not entered it yet still enters it after its name is gone, and nobody finds the program it then becomes.
 */
export function recordProcess(runDirectory: string, pid: number): void {
  const identity = identifyProcess(pid);
  if (identity !== undefined) appendFileSync(join(runDirectory, RECORD_FILE), `${JSON.stringify(identity)}\n`);
}

/** Kills the recorded processes that still are the ones recorded, with their groups, and returns when they are gone. */
export function killRecordedProcesses(runDirectory: string): void {
  const alive = readRecord(runDirectory).filter(isAlive);
  for (const { pid } of alive) killGroup(pid);
  const deadline = performance.now() + 5_000;
  // One that hangs in the kernel is reported by whoever finds it in its namespace.
  while (alive.some(isAlive) && performance.now() < deadline) pause();
}

function readRecord(runDirectory: string): ProcessIdentity[] {
  let lines: string[];
  try {
    lines = readFileSync(join(runDirectory, RECORD_FILE), 'utf8').split('\n');
  } catch {
    return [];
  }
  // Without its line feed, the last line may be half of one that was being written when the owner was killed.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as ProcessIdentity);
}
