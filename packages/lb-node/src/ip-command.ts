import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { WeirError } from '@weir/errors';

const run = promisify(execFile);
const TIMEOUT_MS = 5000;
const BATCH_BYTES_MAX = 64 << 20;

/** The `ip` command did not do what it was asked. */
export class IpCommandError extends WeirError {}

/**
 * Runs `ip` with arguments; resolves to what it printed.
 * @throws {IpCommandError} IP_COMMAND_MISSING, IP_COMMAND_FAILED with what it said
 */
export async function ip(args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run('ip', [...args], { timeout: TIMEOUT_MS });
    return stdout;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw failed(args.join(' '), stderr?.trim() || (error as Error).message, error);
  }
}

/**
 * Runs `ip -json -batch` over lines such as `route get 10.0.0.21`: one process for all of them. Answers come in the order
 * of the lines; a line that fails has none.
 * @throws {IpCommandError} IP_COMMAND_MISSING, IP_COMMAND_FAILED when it did not come to the last line
 */
export async function ipBatch<T>(lines: readonly string[]): Promise<readonly T[]> {
  if (lines.length === 0) return [];
  const child = execFile('ip', ['-json', '-force', '-batch', '-'], { timeout: TIMEOUT_MS, maxBuffer: BATCH_BYTES_MAX });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  // Without a listener, an `ip` that ended before it read all of it would end this process as well.
  child.stdin?.on('error', () => {});
  child.stdin?.end(`${lines.join('\n')}\n`);
  await new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => reject(failed('-batch', cause.message, cause)));
    child.once('close', (_, signal) => {
      if (signal === null) resolve();
      else reject(failed('-batch', `ended by ${signal}, ${lines.length} lines take longer than ${TIMEOUT_MS} ms`));
    });
  });
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => JSON.parse(line) as readonly T[]);
}

/** Runs `ip -json` and reads the answer; an empty answer is an empty list. */
export async function ipJson<T>(args: readonly string[]): Promise<readonly T[]> {
  const text = await ip(['-json', ...args]);
  return text.trim() === '' ? [] : (JSON.parse(text) as readonly T[]);
}

function failed(command: string, problem: string, cause?: unknown): IpCommandError {
  const isMissing = (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  return new IpCommandError(
    isMissing ? 'IP_COMMAND_MISSING' : 'IP_COMMAND_FAILED',
    isMissing ? 'the command "ip" is not installed; the Debian package is iproute2' : `ip ${command}: ${problem}`,
    { cause, details: { command } },
  );
}
