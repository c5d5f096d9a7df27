import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type FirewallMarks, parseFirewallMarks } from './firewall-marks.js';
import { refused } from './ipvsadm-error.js';
import type { ListenerInput } from './placed-service.js';

const run = promisify(execFile);

/**
 * Which packets iptables and ip6tables of this machine mark; a machine without them marks none.
 * @param warn  takes a line for each rule that says too little
 * @throws {IpvsadmError} IPVSADM_REFUSED where their rules may not be read
 */
export async function systemMarks(warn: (line: string) => void): Promise<FirewallMarks> {
  const all = await Promise.all(
    ['iptables-save', 'ip6tables-save'].map(async (program) =>
      parseFirewallMarks(await rulesOf(program), program, (place, message) => warn(`${place}: ${message}`)),
    ),
  );
  const marks = new Map<number, readonly ListenerInput[]>();
  for (const [mark, listeners] of all.flatMap((one) => [...one])) {
    marks.set(mark, [...(marks.get(mark) ?? []), ...listeners]);
  }
  return marks;
}

async function rulesOf(program: string): Promise<string> {
  try {
    return (await run(program, ['-t', 'mangle'])).stdout;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return '';
    return refused(`which packets have a firewall mark: ${message.trim()}; it takes root to read it`);
  }
}
