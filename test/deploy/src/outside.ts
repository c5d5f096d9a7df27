import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram, LabError } from '@weir/lab';

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Runs a program on the machine that runs the tests, in no lab; it must exit with 0.
 *
 * @returns its standard output
 * @throws LabError `LAB_PROGRAM_MISSING`, `LAB_COMMAND_FAILED` with what it said
 */
export async function runOutside(
  program: string,
  args: readonly string[],
  { cwd, timeoutMs = 60_000 }: { readonly cwd?: string; readonly timeoutMs?: number } = {},
): Promise<string> {
  try {
    const options = { cwd, timeout: timeoutMs, maxBuffer: OUTPUT_BYTES_MAX };
    const { stdout } = await promisify(execFile)(findProgram(program), args, options);
    return stdout;
  } catch (cause) {
    if (cause instanceof LabError) throw cause;
    const { stderr = '' } = cause as { stderr?: string };
    const said = stderr.trim().split('\n').slice(-20).join('\n') || 'it said nothing';
    throw new LabError('LAB_COMMAND_FAILED', `${program} ${args.join(' ')} failed: ${said}`, { cause });
  }
}
