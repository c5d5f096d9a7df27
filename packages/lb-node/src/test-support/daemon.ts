import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';

/** The program. */
export const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
export const TIMEOUT_MS = 90_000;
/** Options of setpriv: the command ends with this process, however that ends. */
export const UNTIL_THE_TEST_ENDS = ['--pdeathsig', 'KILL'] as const;
/** For files of tests; to be removed after them. */
export const directory = mkdtempSync(join(tmpdir(), 'weir-lb-node-'));

let files = 0;

/** A file with this text; returns its path. */
export function configFile(text: string): string {
  const file = join(directory, String(files++), 'weir.yaml');
  mkdirSync(join(file, '..'));
  writeFileSync(file, text);
  return file;
}

/** Nobody reads a half of the new text. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** Runs the program to its end. */
export function run(...args: readonly string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: TIMEOUT_MS });
}

/** A daemon that runs. */
export interface Daemon {
  readonly file: string;
  readonly child: ChildProcess;
  /** All that it has logged. */
  log(): string;
  /**
   * The next line that matches; call it before what causes the line.
   * @param after  a line that was logged: the first match after that one, which may have come together with it
   */
  next(pattern: RegExp, after?: string): Promise<string>;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>;
}

/** A daemon that is ready; the test ends it, and what it leaves behind. */
export async function startDaemon(t: ExecutionContext, document: string, env: NodeJS.ProcessEnv = {}): Promise<Daemon> {
  const file = configFile(document);
  const child = spawn('setpriv', [...UNTIL_THE_TEST_ENDS, process.execPath, MAIN, '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
    run('--config', configFile(document), 'detach');
  });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const next = (pattern: RegExp, after?: string) =>
    new Promise<string>((resolve, reject) => {
      const found =
        after === undefined ? undefined : lines.slice(lines.indexOf(after) + 1).find((line) => pattern.test(line));
      if (found !== undefined) return resolve(found);
      const look = (line: string) => {
        if (!pattern.test(line)) return;
        output.off('line', look);
        resolve(line);
      };
      output.on('line', look);
      const missing = () => reject(new Error(`${TIMEOUT_MS / 1000} s without ${pattern}:\n${lines.join('\n')}`));
      setTimeout(missing, TIMEOUT_MS).unref();
      void ended.then(() => reject(new Error(`ended without ${pattern}:\n${lines.join('\n')}`)));
    });
  await next(/"msg":"ready"/);
  return {
    file,
    child,
    log: () => lines.join('\n'),
    next,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
