import { spawn } from 'node:child_process';
import { LabError } from './lab-error.js';
import { identifyProcess } from './process-identity.js';
import { debianPackageOf } from './program.js';

/** A program to run to its end. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Lines for its standard input. */
  readonly input?: readonly string[];
}

/** Commands that may run at the same time; the stage after them needs what they did. */
export type Stage = readonly Command[];

/** What a program left when it ended. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a program is run. */
export interface CommandOptions {
  /** After this long the program and its children are killed. Default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const running = new Set<number>();

/** A command that runs in a network namespace. Unlike `ip netns exec` it leaves the mounts, and so bpffs, as they are. */
export function inNamespace(namespace: string, command: Command): Command {
  return { ...command, program: 'nsenter', args: [`--net=/run/netns/${namespace}`, command.program, ...command.args] };
}

/** `ip -batch` with these lines. */
export function ipBatch(lines: readonly string[]): Command {
  return { program: 'ip', args: ['-batch', '-'], input: lines };
}

/**
 * Runs a command to its end, whatever its exit code.
 *
 * @param onStart  learns the pid, that of the leader of a process group, before anything is awaited
 * @throws LabError `LAB_COMMAND_TIMED_OUT`, `LAB_PROGRAM_MISSING`; the reason of the signal
 */
export async function runCommand(
  command: Command,
  options: CommandOptions = {},
  onStart?: (pid: number) => void,
): Promise<CommandResult> {
  const { timeoutMs = 30_000, signal, env, cwd } = options;
  signal?.throwIfAborted();
  // A session of its own: Ctrl-C at the terminal reaches only us, and one kill ends it with its children.
  const child = spawn(command.program, command.args, { detached: true, cwd, env: { ...process.env, ...env } });
  const { pid } = child;
  const kill = () => pid !== undefined && killGroup(pid);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  signal?.addEventListener('abort', kill);
  if (pid !== undefined) {
    running.add(pid);
    onStart?.(pid);
  }

  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      output[stream] += chunk;
    });
  }
  // A program that ends without reading its input fails by its exit code, not by EPIPE.
  child.stdin.on('error', () => undefined);
  child.stdin.end(command.input?.map((line) => `${line}\n`).join('') ?? '');
  try {
    const end = await new Promise<Pick<CommandResult, 'code' | 'signal'>>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, endSignal) => resolve({ code, signal: endSignal }));
    }).catch((cause: unknown) => {
      const program = command.program;
      throw new LabError('LAB_PROGRAM_MISSING', `cannot run ${program} (Debian package ${debianPackageOf(program)})`, {
        cause,
      });
    });
    signal?.throwIfAborted();
    if (timedOut) {
      throw new LabError('LAB_COMMAND_TIMED_OUT', `${describe(command)} did not end within ${timeoutMs} ms`, {
        details: { ...command, ...output },
      });
    }
    return { ...output, ...end };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
    if (pid !== undefined) running.delete(pid);
  }
}

/**
 * Runs a command that must succeed.
 *
 * @returns its standard output
 * @throws LabError `LAB_COMMAND_FAILED` with what it said when it exits with anything but 0
 */
export async function runCommandOrThrow(
  command: Command,
  options: CommandOptions = {},
  onStart?: (pid: number) => void,
): Promise<string> {
  const result = await runCommand(command, options, onStart);
  if (result.code === 0) return result.stdout;
  const end = result.code === null ? `was ended by ${result.signal}` : `exited with ${result.code}`;
  throw new LabError(
    'LAB_COMMAND_FAILED',
    `${describe(command)} ${end}: ${result.stderr.trim() || result.stdout.trim() || 'it said nothing'}`,
    { details: { ...command, ...result } },
  );
}

/**
 * Runs the stages one after another, and the commands of a stage side by side, so many at a time.
 *
 * @param concurrency  more helps little: the commands are short and the kernel serialises most of what they do
 */
export async function runStages(stages: readonly Stage[], signal?: AbortSignal, concurrency = 4): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  for (const stage of stages) {
    const waiting = [...stage];
    const workers = Array.from({ length: Math.min(concurrency, stage.length) }, async () => {
      for (let command = waiting.shift(); command !== undefined; command = waiting.shift()) {
        await runCommandOrThrow(command, options);
      }
    });
    // All have ended before the first failure goes on: nothing is being built while it is torn down.
    for (const outcome of await Promise.allSettled(workers)) {
      if (outcome.status === 'rejected') throw outcome.reason;
    }
  }
}

/** Ends the commands that run now, and returns when they are gone. For a process that is about to exit. */
export function killRunningCommands(): void {
  for (const pid of running) killGroup(pid);
  for (const pid of running) {
    while (identifyProcess(pid) !== undefined) pause();
  }
}

/** Waits 2 ms without returning to the event loop. */
export function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
}

/** Kills a process that leads a group, and the group. One that is gone already is fine. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function describe({ program, args }: Command): string {
  return [program, ...args].join(' ');
}
