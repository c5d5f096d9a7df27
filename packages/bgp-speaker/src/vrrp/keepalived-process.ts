import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { SpeakerError } from '../speaker-error.js';

/** How a keepalived is run. */
export interface KeepalivedCommand {
  /** Name or path of the program. */
  readonly command: string;
  /** For its configuration, its log and its pids; made if missing. */
  readonly directory: string;
}

const START_TIMEOUT_MS = 10_000;
/** It gives up its VIPs first, and waits for that. */
const STOP_TIMEOUT_MS = 5_000;
const POLL_MS = 20;
const LOG_LINES_SHOWN = 3;
const STARTED = /Startup complete/;

/** Puts a configuration in force: by a reload where keepalived runs, so that VIPs that it has stay. Resolves to its pid. */
export async function runKeepalived(keepalived: KeepalivedCommand, configuration: string): Promise<number> {
  mkdirSync(keepalived.directory, { recursive: true });
  const isSame = readText(configurationFile(keepalived)) === configuration;
  if (!isSame) writeWhole(configurationFile(keepalived), configuration);
  const former = findKeepalived(keepalived);
  if (former === undefined) return start(keepalived);
  if (!isSame) process.kill(former, 'SIGHUP');
  return former;
}

/** Which keepalived: that of this directory, whether this process started it or a former life did. */
type KeepalivedPlace = Pick<KeepalivedCommand, 'directory'>;

/** The keepalived of a directory, if it runs. */
export function findKeepalived(keepalived: KeepalivedPlace): number | undefined {
  const pid = Number(readText(pidFile(keepalived)));
  return Number.isInteger(pid) && pid > 0 && isOurs(keepalived, pid) ? pid : undefined;
}

/** Ends a keepalived: SIGTERM, on which it gives up its VIPs and tells the others; SIGKILL if it does not go. None is fine. */
export async function stopKeepalived(keepalived: KeepalivedPlace): Promise<void> {
  const pid = findKeepalived(keepalived);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    // Asked each time: a number can be another process's by now.
    if (pid !== undefined && isOurs(keepalived, pid)) process.kill(pid, signal);
    while (pid !== undefined && isOurs(keepalived, pid) && performance.now() < deadline) await wait(POLL_MS);
  }
  rmSync(pidFile(keepalived), { force: true });
}

/** In a session of its own, so that it outlives a daemon that crashes: packets are forwarded then as before. */
async function start(keepalived: KeepalivedCommand): Promise<number> {
  const logFile = join(keepalived.directory, 'keepalived.log');
  const log = openSync(logFile, 'w', 0o640);
  let child: ChildProcess;
  try {
    const options = ['--dont-fork', '--vrrp', '--log-console', '--no-syslog', '--use-file'];
    const pids = [
      '--pid',
      join(keepalived.directory, 'parent.pid'),
      '--vrrp_pid',
      join(keepalived.directory, 'vrrp.pid'),
    ];
    child = spawn(keepalived.command, [...options, configurationFile(keepalived), ...pids], {
      detached: true,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
  const ended = new Promise<never>((_, reject) => {
    child.once('error', (cause) => reject(notStarted(keepalived, cause as NodeJS.ErrnoException)));
    child.once('exit', (code, signal) =>
      reject(failed(keepalived, `it ended with ${signal ?? `exit code ${code}`}`, logFile)),
    );
  });
  // Nobody waits for it once keepalived has started; its end is then noticed by the supervision.
  ended.catch(() => {});
  child.unref();
  if (child.pid !== undefined) writeWhole(pidFile(keepalived), `${child.pid}\n`);
  try {
    await Promise.race([ended, started(keepalived, logFile)]);
  } catch (error) {
    await stopKeepalived(keepalived);
    throw error;
  }
  return child.pid as number;
}

/** Only then does it take SIGHUP for what it is. */
async function started(keepalived: KeepalivedCommand, logFile: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!STARTED.test(readText(logFile) ?? '')) {
    if (performance.now() >= deadline) {
      throw failed(keepalived, `it says nothing of its start after ${START_TIMEOUT_MS / 1000} s`, logFile);
    }
    await wait(POLL_MS);
  }
}

/** Is this still the keepalived that was started with this directory? A zombie is not. */
function isOurs(keepalived: KeepalivedPlace, pid: number): boolean {
  return readText(`/proc/${pid}/cmdline`)?.split('\0').includes(configurationFile(keepalived)) ?? false;
}

function notStarted({ command }: KeepalivedCommand, cause: NodeJS.ErrnoException): SpeakerError {
  const isMissing = cause.code === 'ENOENT';
  return new SpeakerError(
    isMissing ? 'KEEPALIVED_MISSING' : 'KEEPALIVED_FAILED',
    isMissing
      ? `"${command}" is not installed; the Debian package is keepalived`
      : `"${command}" could not be started: ${cause.message}`,
    { cause, details: { command } },
  );
}

function failed({ command }: KeepalivedCommand, what: string, logFile: string): SpeakerError {
  const lines = (readText(logFile) ?? '').trimEnd().split('\n').slice(-LOG_LINES_SHOWN);
  return new SpeakerError(
    'KEEPALIVED_FAILED',
    `${command} did not start: ${what}; its log (${logFile}) ends:\n${lines.join('\n')}`,
    { details: { command, log: lines } },
  );
}

const configurationFile = ({ directory }: KeepalivedPlace) => join(directory, 'keepalived.conf');
const pidFile = ({ directory }: KeepalivedPlace) => join(directory, 'keepalived.pid');

/** Renamed into place: never half written. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
