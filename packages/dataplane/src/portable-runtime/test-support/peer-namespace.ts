import { type ChildProcessByStdio, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 << 20;
type Child = ChildProcessByStdio<Writable, Readable, null>;

/** A network namespace beside this process' own, which lives no longer than this process. */
export class PeerNamespace implements AsyncDisposable {
  readonly #children: Child[];

  static async make(): Promise<PeerNamespace> {
    // It ends when its standard input does: also with a parent that was killed.
    const holder = piped('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo ready && exec cat']);
    await once(holder.stdout, 'data');
    return new PeerNamespace(holder);
  }

  private constructor(holder: Child) {
    this.#children = [holder];
  }

  /** Names this namespace for `ip link set dev X netns`. */
  get pid(): string {
    return String((this.#children[0] as Child).pid);
  }

  /** Runs `ip` there with the words of a line. */
  ip(line: string): void {
    execFileSync('nsenter', this.#enter('ip', line.split(' ')));
  }

  /** Runs a program there to its end; what it printed. */
  async output(program: string, args: readonly string[], timeoutMs = 20_000): Promise<string> {
    return (await run('nsenter', this.#enter(program, args), { timeout: timeoutMs, maxBuffer: OUTPUT_BYTES_MAX }))
      .stdout;
  }

  /** Starts a program of Python there, which ends with this namespace, and waits for its first line; then its lines. */
  async python(program: string): Promise<AsyncIterator<string>> {
    const child = piped('nsenter', this.#enter('python3', ['-u', '-c', program]));
    this.#children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await lines.next();
    return lines;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
  }

  #enter(program: string, args: readonly string[]): string[] {
    return [`--target=${this.pid}`, '--net', program, ...args];
  }
}

function piped(program: string, args: readonly string[]): Child {
  return spawn(program, [...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}
