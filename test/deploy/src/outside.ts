import { findProgram, LabError, runCommand } from '@weir/lab';

/**
 * Runs a program on the machine that runs the tests, in no lab; it must exit with 0. When its time is up, what it has started
 * goes with it: a build that went on behind `flock` would write to what the next one makes.
 *
 * @returns its standard output
 * @throws LabError `LAB_PROGRAM_MISSING`, `LAB_COMMAND_TIMED_OUT`, `LAB_COMMAND_FAILED` with what it said
 */
export async function runOutside(
  program: string,
  args: readonly string[],
  { cwd, timeoutMs = 60_000 }: { readonly cwd?: string; readonly timeoutMs?: number } = {},
): Promise<string> {
  const command = { program: findProgram(program), args };
  const { code, signal, stdout, stderr } = await runCommand(command, { timeoutMs, ...(cwd !== undefined && { cwd }) });
  if (code === 0) return stdout;
  const said = stderr.trim().split('\n').slice(-20).join('\n') || 'it said nothing';
  const end = code === null ? `was ended by ${signal}` : `exited with ${code}`;
  throw new LabError('LAB_COMMAND_FAILED', `${program} ${args.join(' ')} ${end}: ${said}`);
}
