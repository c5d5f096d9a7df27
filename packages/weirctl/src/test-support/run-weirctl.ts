import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The command, as npm links it. */
export const MAIN = fileURLToPath(new URL('../../bin/weirctl.js', import.meta.url));
/** Files that the documentation's examples work on. */
export const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

/** Of a command on a busy machine. */
export const TIMEOUT_MS = 30_000;

/** Runs the command to its end, in the directory of the examples. */
export function runWeirctl(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    cwd: EXAMPLES,
    timeout: TIMEOUT_MS,
  });
  return { status, stdout, stderr };
}

/** Runs a line of a shell in which `weirctl` is the built command; its standard output and errors as a terminal shows them. */
export function runInShell(line: string, cwd: string): string {
  const script = `weirctl() { "${process.execPath}" "${MAIN}" "$@"; }\n${line}`;
  const { stdout } = spawnSync('bash', ['-c', `{ ${script}\n} 2>&1`], { encoding: 'utf8', cwd, timeout: TIMEOUT_MS });
  return stdout;
}

/**
 * The same while this process serves the API that the command asks.
 * @param interrupted  when Ctrl-C is pressed
 */
export async function weirctlAt(address: string, args: readonly string[], input = '', interrupted?: Promise<unknown>) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: EXAMPLES,
    timeout: TIMEOUT_MS,
    env: { ...process.env, WEIR_ADDRESS: address },
  });
  child.stdin.end(input);
  void interrupted?.then(() => child.kill('SIGINT'));
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { status, stdout, stderr };
}
