/**
 * Exit codes of daemons and commands: those of sysexits(3) where it has one, which systemd prints by name.
 *
 * | code | name | meaning |
 * |---|---|---|
 * | 0 | ok | ended as asked, by SIGTERM or SIGINT |
 * | 1 | failure | something that has no code of its own; the log says what |
 * | 2 | usage | the command line is wrong |
 * | 69 | unavailable | something that is needed is missing or refuses: interface, kernel feature, gobgpd |
 * | 75 | restart | ended to be started again, by whatever started it: a new version may be installed |
 * | 77 | noPermission | root or capabilities are needed |
 * | 78 | config | the configuration is wrong; a restart does not help |
 * | 130 | interrupted | of a command: Ctrl-C, before it was done; as shells have it, 128 and the number of SIGINT |
 */
export const ExitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  unavailable: 69,
  restart: 75,
  noPermission: 77,
  config: 78,
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * The exit code for an error: by the `code` of the error or of its nearest cause that the table knows.
 * @param table  from error codes such as `CONFIG_INVALID`
 */
export function exitCodeOf(error: unknown, table: Readonly<Record<string, ExitCode>>): ExitCode {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as { code?: unknown };
    if (typeof code === 'string' && table[code] !== undefined) return table[code];
  }
  return ExitCode.failure;
}
