import { execFile } from 'node:child_process';
import { DataplaneError } from '../dataplane-error.js';

const TIMEOUT_MS = 10_000;
const OUTPUT_BYTES_MAX = 64 << 20;

/**
 * Runs `ip` or `tc` with arguments, and lines on its standard input; resolves to what it printed.
 * @throws {DataplaneError} COMMAND_MISSING, COMMAND_FAILED with what it said
 */
export function networkCommand(
  program: 'ip' | 'tc',
  args: readonly string[],
  lines?: readonly string[],
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX };
    const child = execFile(program, [...args], options, (cause, stdout, stderr) => {
      if (cause === null) return resolve(stdout);
      const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
      const said = stderr.trim() || cause.message;
      reject(
        new DataplaneError(
          isMissing ? 'COMMAND_MISSING' : 'COMMAND_FAILED',
          isMissing
            ? `the command "${program}" is not installed; the Debian package is iproute2`
            : `${program} ${args.join(' ')}: ${said}`,
          { cause, details: { command: `${program} ${args.join(' ')}` } },
        ),
      );
    });
    // Without a listener, a program that ended before it read all of it would end this process as well.
    child.stdin?.on('error', () => {});
    child.stdin?.end(lines === undefined ? '' : `${lines.join('\n')}\n`);
  });
}
