import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { inNamespace, killGroup } from './command.js';
import { LabError } from './lab-error.js';
import { findProgram } from './program.js';
import { DEFAULT_TIMEOUT_MS, type Deadline, waitUntil } from './wait-until.js';

/** How a process ended: one of the two is not null. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What is started, where, and where its output goes. */
export interface LabProcessSpecification {
  readonly host: string;
  readonly namespace: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly name: string;
  readonly logFile: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Lines of output that are kept in memory; the log file has all of them. */
const LINES_MAX = 10_000;

/** A program that runs in a host. Emits `line` for each line of output, standard output and error alike. */
export class LabProcess extends EventEmitter<{ line: [string]; ended: [] }> implements AsyncDisposable {
  readonly pid: number;
  /** Resolves when the program has ended, however; never rejects. */
  readonly exited: Promise<ProcessEnd>;
  /** Resolves when nobody holds its output any more: after {@link exited}, and later if its children live on. */
  readonly closed: Promise<void>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #lines: string[] = [];
  #end: ProcessEnd | undefined;

  constructor(readonly specification: LabProcessSpecification) {
    super();
    // Each waiter listens, and there may be many.
    this.setMaxListeners(0);
    const { namespace, args, cwd, env } = specification;
    const command = inNamespace(namespace, { program: findProgram(specification.program), args });
    const log = openSync(specification.logFile, 'a');
    this.#child = spawn(command.program, command.args, {
      // Ctrl-C at the terminal is for the lab; it decides what its processes get.
      detached: true,
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('exit', (code, signal) => {
        this.#end = { code, signal };
        resolve(this.#end);
      });
    });
    this.closed = new Promise((resolve) => {
      this.#child.once('close', () => {
        closeSync(log);
        this.emit('ended');
        resolve();
      });
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        writeSync(log, `${line}\n`);
        if (this.#lines.push(line) > LINES_MAX) this.#lines.shift();
        this.emit('line', line);
      });
    }
    // nsenter was found before, so that a spawn without a pid is a machine without memory or pids.
    if (this.#child.pid === undefined) throw new LabError('LAB_PROCESS_ENDED', `cannot start ${this.title}`);
    this.pid = this.#child.pid;
  }

  /** For messages: `lb-node on node1`. */
  get title(): string {
    return `${this.specification.name} on ${this.specification.host}`;
  }

  get logFile(): string {
    return this.specification.logFile;
  }

  /** The end, once it has come. */
  get end(): ProcessEnd | undefined {
    return this.#end;
  }

  /** The last lines of output, oldest first, at most 10,000. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /**
   * Waits for a line of output; one that was there before counts too.
   *
   * @throws LabError `LAB_PROCESS_ENDED` with the last lines, `LAB_DEADLINE_PASSED`
   */
  waitForLine(
    pattern: RegExp,
    { timeoutMs = DEFAULT_TIMEOUT_MS, signal, after = 0 }: Deadline & { readonly after?: number } = {},
  ): Promise<string> {
    const found = this.#lines.slice(after).find((line) => line.search(pattern) >= 0);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise<string>((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.off('line', onLine).off('ended', onEnded);
        signal?.removeEventListener('abort', onAbort);
        act();
      };
      const onLine = (line: string) => {
        if (line.search(pattern) >= 0) settle(() => resolve(line));
      };
      const onEnded = () => settle(() => reject(this.#endedError(`before a line matched ${pattern}`)));
      const onAbort = () => settle(() => reject(signal?.reason));
      const timer = setTimeout(() => {
        const message = `waited ${timeoutMs / 1000} s for a line of ${this.title} that matches ${pattern}; ${this.#tail()}`;
        settle(() => reject(new LabError('LAB_DEADLINE_PASSED', message)));
      }, timeoutMs);
      this.on('line', onLine).on('ended', onEnded);
      signal?.addEventListener('abort', onAbort);
      if (signal?.aborted) onAbort();
      else if (this.#child.stdout.destroyed && this.#end !== undefined) onEnded();
    });
  }

  /**
   * Waits until it has ended by itself, and nobody holds its output any more.
   *
   * @throws LabError `LAB_DEADLINE_PASSED`
   */
  async waitForEnd({ timeoutMs = DEFAULT_TIMEOUT_MS }: Pick<Deadline, 'timeoutMs'> = {}): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = () => `waited ${timeoutMs / 1000} s for ${this.title} to end; ${this.#tail()}`;
      timer = setTimeout(() => reject(new LabError('LAB_DEADLINE_PASSED', message())), timeoutMs);
    });
    try {
      await Promise.race([this.closed, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Waits until some socket of the host listens on a TCP port, on any address, IPv4 or IPv6.
   *
   * @throws LabError `LAB_PROCESS_ENDED` when the program ends first, `LAB_DEADLINE_PASSED`
   */
  async waitForListening(port: number, deadline: Deadline = {}): Promise<void> {
    await waitUntil(
      `${this.title} to listen on port ${port}`,
      () => {
        if (this.#end !== undefined) throw this.#endedError(`before it listened on port ${port}`);
        return isListening(this.pid, port) || undefined;
      },
      deadline,
    );
  }

  /** @throws LabError `LAB_PROCESS_ENDED` with the last lines, when it has ended. For checks that wait for something. */
  failIfEnded(): undefined {
    if (this.#end !== undefined) throw this.#endedError('unexpectedly');
  }

  /** Sends a signal to the program alone. One that has ended already is fine. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  /**
   * Asks the program to end, and kills it with its children when it has not after a while.
   *
   * @returns how it ended; `signal` is SIGKILL if it had to be killed
   */
  async stop(signal: NodeJS.Signals = 'SIGTERM', timeoutMs: number = DEFAULT_TIMEOUT_MS): Promise<ProcessEnd> {
    this.kill(signal);
    const timer = setTimeout(() => killGroup(this.pid), timeoutMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #endedError(when: string): LabError {
    const { code, signal } = this.#end ?? { code: null, signal: null };
    const end = signal === null ? `exited with ${code}` : `was ended by ${signal}`;
    return new LabError('LAB_PROCESS_ENDED', `${this.title} ${end} ${when}; ${this.#tail()}`, {
      details: { code, signal, logFile: this.logFile },
    });
  }

  #tail(): string {
    return this.#lines.length === 0 ? 'it said nothing' : `it last said:\n${this.#lines.slice(-10).join('\n')}`;
  }
}

/** Whether a TCP socket listens in the network namespace of a process (proc(5), /proc/pid/net/tcp: 0A is LISTEN). */
function isListening(pid: number, port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['tcp', 'tcp6'].some((table) => {
    try {
      return readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
        .split('\n')
        .some((row) => {
          const [, local, , state] = row.trim().split(/\s+/);
          return state === '0A' && local?.endsWith(wanted);
        });
    } catch {
      return false;
    }
  });
}
