import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AgentError } from './agent-error.js';

const run = promisify(execFile);
const TIMEOUT_MS = 5000;

/** Runs `ip` with the words of a line; resolves to what it printed. */
export async function ip(line: string): Promise<string> {
  try {
    const { stdout } = await run('ip', line.split(' '), { timeout: TIMEOUT_MS });
    return stdout;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new AgentError('IP_COMMAND_FAILED', `ip ${line}: ${stderr?.trim() || String(error)}`, {
      cause: error,
      details: { command: line },
    });
  }
}

/** Runs `ip -json`; an empty answer is an empty list. */
export async function ipJson<T>(line: string): Promise<readonly T[]> {
  const text = await ip(`-json ${line}`);
  return text.trim() === '' ? [] : (JSON.parse(text) as readonly T[]);
}
