import { readFileSync } from 'node:fs';
import type { WeirNode } from '@weir/lab';

/** The process of the gobgpd of a node. @throws Error where none runs */
export function gobgpdOf({ host }: WeirNode): number {
  const pid = host.pids().find((each) => nameOf(each) === 'gobgpd');
  if (pid === undefined) throw new Error(`no gobgpd runs on ${host.name}`);
  return pid;
}

/** Undefined for a process that has just ended. */
function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
