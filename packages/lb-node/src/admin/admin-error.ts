import { status } from '@grpc/grpc-js';
import { InvalidConfigError } from '@weir/control';
import { WeirError, type WeirErrorOptions } from '@weir/errors';

/** What is wrong with one field of a request. */
export interface FieldViolation {
  /** Path of the field, as in the request's JSON: `service.backends[2].weight`. */
  readonly field: string;
  readonly description: string;
}

export interface AdminErrorOptions extends WeirErrorOptions {
  readonly violations?: readonly FieldViolation[];
}

/** A request that is not done. The client is told status, message, `code` (as ErrorInfo.reason) and violations. */
export class AdminError extends WeirError {
  /** gRPC status of the call. */
  readonly status: status;
  /** Of INVALID_ARGUMENT: paths as in the request's JSON. */
  readonly violations: readonly FieldViolation[];

  constructor(status: status, code: string, message: string, options: AdminErrorOptions = {}) {
    super(code, message, options);
    this.status = status;
    this.violations = options.violations ?? [];
  }
}

/** @param what  such as `service web`; a hint may follow: `service wbe; is it web?` */
export function notFound(what: string): AdminError {
  return new AdminError(status.NOT_FOUND, 'NOT_FOUND', `there is no ${what}`);
}

/** The request itself is wrong, whatever the state of the node. At least one violation. */
export function invalid(violations: readonly FieldViolation[]): AdminError {
  const message = violations.map(({ field, description }) => `${field}: ${description}`).join('\n');
  return new AdminError(status.INVALID_ARGUMENT, 'INVALID_REQUEST', message, { violations });
}

/** Something else has changed it meanwhile: read again and retry. */
export function aborted(message: string): AdminError {
  return new AdminError(status.ABORTED, 'REVISION_CONFLICT', message);
}

/** @param message  what stands in the way, and what would help */
export function failedPrecondition(code: string, message: string): AdminError {
  return new AdminError(status.FAILED_PRECONDITION, code, message);
}

export function alreadyExists(message: string): AdminError {
  return new AdminError(status.ALREADY_EXISTS, 'ALREADY_EXISTS', message);
}

/** A limit of this server, or of the node. */
export function exhausted(code: string, message: string): AdminError {
  return new AdminError(status.RESOURCE_EXHAUSTED, code, message);
}

/** Something that the node needs does not answer now. */
export function unavailable(code: string, message: string, options: WeirErrorOptions = {}): AdminError {
  return new AdminError(status.UNAVAILABLE, code, message, options);
}

/**
 * A configuration that a request asked for and that is wrong: INVALID_ARGUMENT with a violation for each of its problems.
 * @param fieldOf  path of the request's field for a path of the configuration; default: the same
 */
export function invalidConfig(
  error: InvalidConfigError,
  fieldOf: (path: string) => string = (path) => path,
): AdminError {
  const violations = error.problems.map(({ path, message }) => ({ field: fieldOf(path), description: message }));
  const message = violations.map(({ field, description }) => `${field}: ${description}`).join('\n');
  return new AdminError(status.INVALID_ARGUMENT, error.code, message, { cause: error, violations });
}

/**
 * What the client is told of anything that a method threw. An InvalidConfigError has its problems in it; another WeirError its
 * message, as something that stands in the way. Undefined: not meant for users.
 */
export function adminErrorOf(error: unknown): AdminError | undefined {
  if (error instanceof AdminError) return error;
  if (error instanceof InvalidConfigError) return invalidConfig(error);
  if (error instanceof WeirError) return failedPrecondition(error.code, error.message);
  return undefined;
}
