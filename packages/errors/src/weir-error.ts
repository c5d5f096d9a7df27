/** What a {@link WeirError} may carry besides its message. */
export interface WeirErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** What was tried, as plain values for structured logs: interface, address, errno and so on. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * Base of every error that a user of Weir can act on. The message says what was expected, what was found and what would
 * help; `code` is stable and meant for programs.
 */
export class WeirError extends Error {
  /** Stable, upper-case identifier such as `XDP_ATTACH_REFUSED`. */
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: WeirErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
  }
}
