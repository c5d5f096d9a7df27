import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { WeirError } from '@weir/errors';

const run = promisify(execFile);
const TIMEOUT_MS = 5000;

/** The `ip` command did not do what it was asked. */
export class IpCommandError extends WeirError {}

/** Runs `ip` with arguments; resolves to what it printed. */
export async function ip(args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run('ip', [...args], { timeout: TIMEOUT_MS });
    return stdout;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new IpCommandError('IP_COMMAND_FAILED', `ip ${args.join(' ')}: ${stderr?.trim() || String(error)}`, {
      cause: error,
      details: { args },
    });
  }
}

/** Runs `ip -json` and reads the answer; an empty answer is an empty list. */
export async function ipJson<T>(args: readonly string[]): Promise<readonly T[]> {
  const text = await ip(['-json', ...args]);
  return text.trim() === '' ? [] : (JSON.parse(text) as readonly T[]);
}
