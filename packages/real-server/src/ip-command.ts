import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AgentError } from './agent-error.js';

const run = promisify(execFile);
const TIMEOUT_MS = 5000;
/** Room for what `ip` prints: some 100,000 routes. */
const OUTPUT_BYTES_MAX = 1 << 24;

/** Runs `ip` with the words of a line; resolves to what it printed. */
export function ip(line: string): Promise<string> {
  return runIp(line.split(' '), line);
}

/** Runs `ip -json`; an empty answer is an empty list. */
export async function ipJson<T>(line: string): Promise<readonly T[]> {
  const text = await ip(`-json ${line}`);
  return text.trim() === '' ? [] : (JSON.parse(text) as readonly T[]);
}

/** Runs several lines in one process, in order, up to the first that fails. */
export async function ipBatch(family: '-4' | '-6', lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await runIp([family, '-batch', '-'], lines.join('\n'), `${lines.join('\n')}\n`);
}

async function runIp(words: readonly string[], command: string, input?: string): Promise<string> {
  try {
    const running = run('ip', words, { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX });
    // An ip that stops at a bad line leaves the rest unread; its exit code says so.
    running.child.stdin?.on('error', () => {}).end(input);
    const { stdout } = await running;
    return stdout;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new AgentError('IP_COMMAND_FAILED', `ip ${command}: ${stderr?.trim() || String(error)}`, {
      cause: error,
      details: { command },
    });
  }
}
