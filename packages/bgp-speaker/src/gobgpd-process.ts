import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { GobgpClient } from '@weir/gobgp-client';
import { hasSameIdentity } from './gobgpd-configuration.js';
import { holdsListener } from './listening-socket.js';
import { SpeakerError } from './speaker-error.js';

/** How a gobgpd is run. */
export interface GobgpdCommand {
  /** Name or path of the program. */
  readonly command: string;
  /** For its configuration, its log and its pid; made if missing. */
  readonly directory: string;
  /** Where it answers gRPC, such as `127.0.0.1:50051`. */
  readonly apiAddress: string;
  /** What it is started with; see {@link gobgpdConfiguration}. */
  readonly configuration: string;
}

/** A gobgpd that runs, whether this process started it or a former life did. */
export interface GobgpdProcess {
  readonly pid: number;
  /** True: a former life of this daemon started it, maybe with other peers than the configuration has. */
  readonly adopted: boolean;
}

const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 5_000;
const POLL_MS = 20;
const LOG_LINES_SHOWN = 3;

/**
 * Finds the gobgpd that a former life of this daemon left running with the same identity, or starts one. It runs in a
 * session of its own and outlives this process: a daemon that crashes must not take the routes with it.
 *
 * @param restarting  the one before died: peers keep its routes and are told of the restart (RFC 4724)
 * @throws {SpeakerError} GOBGPD_MISSING, GOBGPD_FAILED with the last lines of its log
 */
export async function runGobgpd(
  gobgpd: GobgpdCommand,
  client: GobgpClient,
  restarting: boolean,
): Promise<GobgpdProcess> {
  mkdirSync(gobgpd.directory, { recursive: true });
  const former = findFormer(gobgpd);
  const isAdopted = former !== undefined && (await isAsWanted(gobgpd, client, former));
  if (former !== undefined && !isAdopted) await stopGobgpd(gobgpd, former);
  writeFileSync(configurationFile(gobgpd), gobgpd.configuration, { mode: 0o600 });
  if (isAdopted) return { pid: former, adopted: true };
  return { pid: await start(gobgpd, client, restarting || former !== undefined), adopted: false };
}

/** Ends a gobgpd: SIGTERM, then SIGKILL if it does not go. */
export async function stopGobgpd(gobgpd: GobgpdCommand, pid: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const deadline = performance.now() + STOP_TIMEOUT_MS;
    // Asked each time: a number can be another process's by now.
    if (isOurs(gobgpd, pid)) process.kill(pid, signal);
    while (isOurs(gobgpd, pid) && performance.now() < deadline) await wait(POLL_MS);
  }
  rmSync(pidFile(gobgpd), { force: true });
}

/** Is this still the gobgpd that was started with this directory? A zombie is not. */
export function isOurs(gobgpd: GobgpdCommand, pid: number): boolean {
  return readText(`/proc/${pid}/cmdline`)?.split('\0').includes(configurationFile(gobgpd)) ?? false;
}

/** Does a gobgpd of a former life answer where it should, and has it this configuration's identity? */
async function isAsWanted(gobgpd: GobgpdCommand, client: GobgpClient, pid: number): Promise<boolean> {
  const former = readText(configurationFile(gobgpd)) ?? '';
  if (!hasSameIdentity(former, gobgpd.configuration) || !holdsListener(pid, gobgpd.apiAddress)) return false;
  try {
    await client.waitUntilReachable(START_TIMEOUT_MS);
    return (await client.getBgp()) !== undefined;
  } catch {
    return false;
  }
}

async function start(gobgpd: GobgpdCommand, client: GobgpClient, restarting: boolean): Promise<number> {
  const logFile = logFileOf(gobgpd);
  const log = openSync(logFile, 'w', 0o640);
  let child: ChildProcess;
  try {
    const options = [
      '-t',
      'json',
      '-f',
      configurationFile(gobgpd),
      '--api-hosts',
      gobgpd.apiAddress,
      '--log-plain',
      '--pprof-disable',
    ];
    child = spawn(gobgpd.command, [...options, ...(restarting ? ['--graceful-restart'] : [])], {
      detached: true,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
  const ended = new Promise<never>((_, reject) => {
    child.once('error', (cause) => reject(notStarted(gobgpd, cause as NodeJS.ErrnoException)));
    child.once('exit', (code, signal) =>
      reject(failed(gobgpd, `it ended with ${signal ?? `exit code ${code}`}`, logFile)),
    );
  });
  // Nobody waits for it once gobgpd has answered; its end is then noticed by the event stream.
  ended.catch(() => {});
  child.unref();
  if (child.pid !== undefined) {
    // Renamed into place: a pid file is never half written.
    writeFileSync(`${pidFile(gobgpd)}.new`, `${child.pid}\n`);
    renameSync(`${pidFile(gobgpd)}.new`, pidFile(gobgpd));
  }
  try {
    await Promise.race([ended, startedBgp(gobgpd, client, child.pid, logFile)]);
  } catch (error) {
    if (child.pid !== undefined) await stopGobgpd(gobgpd, child.pid);
    throw error;
  }
  return child.pid as number;
}

async function startedBgp(
  gobgpd: GobgpdCommand,
  client: GobgpClient,
  pid: number | undefined,
  logFile: string,
): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  const until = async (isSo: () => boolean | Promise<boolean>, problem: string) => {
    while (!(await isSo())) {
      if (performance.now() >= deadline) throw failed(gobgpd, `${problem} after ${START_TIMEOUT_MS / 1000} s`, logFile);
      await wait(POLL_MS);
    }
  };
  // Reachable is not enough: with its API address taken, another gobgpd would answer.
  await until(() => pid !== undefined && holdsListener(pid, gobgpd.apiAddress), 'its API does not listen');
  await client.waitUntilReachable(START_TIMEOUT_MS);
  await until(async () => (await client.getBgp()) !== undefined, 'it has no identity');
}

function notStarted(gobgpd: GobgpdCommand, cause: NodeJS.ErrnoException): SpeakerError {
  const missing = cause.code === 'ENOENT';
  return new SpeakerError(
    missing ? 'GOBGPD_MISSING' : 'GOBGPD_FAILED',
    missing
      ? `"${gobgpd.command}" is not installed; the Debian package is gobgpd`
      : `"${gobgpd.command}" could not be started: ${cause.message}`,
    { cause, details: { command: gobgpd.command } },
  );
}

function failed(gobgpd: GobgpdCommand, what: string, logFile: string): SpeakerError {
  const lines = (readText(logFile) ?? '').trimEnd().split('\n').slice(-LOG_LINES_SHOWN);
  return new SpeakerError(
    'GOBGPD_FAILED',
    `${gobgpd.command} did not start: ${what}; its log (${logFile}) ends:\n${lines.join('\n')}`,
    {
      details: { command: gobgpd.command, apiAddress: gobgpd.apiAddress, log: lines },
    },
  );
}

function findFormer(gobgpd: GobgpdCommand): number | undefined {
  const pid = Number(readText(pidFile(gobgpd)));
  return Number.isInteger(pid) && pid > 0 && isOurs(gobgpd, pid) ? pid : undefined;
}

/** What a gobgpd has to say; begun anew at each start. */
export const logFileOf = ({ directory }: Pick<GobgpdCommand, 'directory'>) => join(directory, 'gobgpd.log');

const configurationFile = ({ directory }: GobgpdCommand) => join(directory, 'gobgpd.json');
const pidFile = ({ directory }: GobgpdCommand) => join(directory, 'gobgpd.pid');

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
