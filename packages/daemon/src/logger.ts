import { pino } from 'pino';

/** Structured logging, as pino has it: `logger.info({ field }, 'message')`. */
export type Logger = pino.Logger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];

/** `json`: one object a line, for journald and collectors; `pretty`: for a person at a terminal. */
export type LogFormat = 'json' | 'pretty';

/** A logger that writes to standard output, at once: nothing is lost when the process ends. */
export function createLogger(name: string, { level, format }: { level: LogLevel; format: LogFormat }): Logger {
  const options = {
    name,
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (format === 'json') return pino(options, pino.destination({ dest: 1, sync: true }));
  const { formatters: _, ...plain } = options;
  return pino({ ...plain, transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname', sync: true } } });
}
