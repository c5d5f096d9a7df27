/** Where log lines go; pino's loggers fit. */
export interface SpeakerLogger {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}
