import { readFileSync } from 'node:fs';

/** Names a process for as long as the machine is up: a pid alone is given out again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process (proc(5), /proc/pid/stat, field 22). */
  readonly startTicks: number;
  /** Which run of the kernel the two belong to. */
  readonly bootId: string;
}

/** @returns undefined when there is no such process (any more) */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the name in parentheses and may hold anything, also ") ".
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  const [state] = fields;
  if (state === 'Z' || state === 'X') return undefined;
  return {
    pid,
    startTicks: Number(fields[19]),
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
  };
}

/** Whether this very process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  const now = identifyProcess(identity.pid);
  return now !== undefined && now.startTicks === identity.startTicks && now.bootId === identity.bootId;
}
