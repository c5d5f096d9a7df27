import { spawn } from 'node:child_process';
import type { Ask } from './attempt.js';
import type { Probe, ProbeTarget } from './health-check.js';
import { reasonOf } from './reason.js';

/** So much of what a script complains is told. */
const STDERR_CHARACTERS_MAX = 300;

/** Runs a script in a process group of its own, all of which ends with the probe. */
export const askScript: Ask<Extract<Probe, { kind: 'script' }>> = ({ command }, target, settle) => {
  const [file, ...args] = command;
  if (file === undefined) throw new TypeError('expected a command, found an empty list');
  const script = spawn(file, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environmentOf(target) },
  });
  script.on('error', (error) => settle(false, reasonOf(error)));
  let complaint = '';
  // A process without file descriptors left gets none for it.
  script.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, STDERR_CHARACTERS_MAX);
  });
  script.on('exit', (code, endedBy) => {
    if (code === 0) settle(true, 'exit code 0');
    // What it wrote before its end may not have been read yet.
    else setImmediate(() => settle(false, outcome(code, endedBy, complaint.trim())));
  });
  return () => {
    script.stderr?.destroy();
    endGroup(script.pid);
  };
};

function environmentOf({ address, port, service, mark }: ProbeTarget): NodeJS.ProcessEnv {
  return {
    WEIR_BACKEND_ADDRESS: address,
    WEIR_BACKEND_PORT: String(port),
    WEIR_SERVICE: service ?? '',
    ...(mark !== undefined && { WEIR_MARK: String(mark) }),
  };
}

function outcome(code: number | null, endedBy: NodeJS.Signals | null, complaint: string): string {
  const end = code === null ? `ended by ${endedBy}` : `exit code ${code}`;
  return complaint === '' ? end : `${end}: ${complaint}`;
}

/** Also of a script that has ended: it may have left processes behind. */
function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
