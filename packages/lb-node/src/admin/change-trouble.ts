import { status } from '@grpc/grpc-js';
import { ChangeError, ConfigError, InvalidConfigError } from '@weir/control';
import { AdminError, aborted, failedPrecondition, invalidConfig, unavailable } from './admin-error.js';

/**
 * Makes a change, and tells the caller what stands in its way.
 * @param fieldOf  path of the request's field for a path of the entry
 */
export async function changing<T>(change: () => Promise<T>, fieldOf: (path: string) => string): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof InvalidConfigError) throw invalidConfig(error, fieldOf);
    if (error instanceof ChangeError) throw troubleOf(error);
    // Right by itself, but not for this node as it runs.
    if (error instanceof ConfigError) throw failedPrecondition(error.code, error.message);
    throw error;
  }
}

function troubleOf(error: ChangeError): AdminError {
  const { code, message } = error;
  switch (code) {
    case 'CHANGE_CONFLICT':
      return aborted(message);
    case 'CHANGE_UNKNOWN':
      return new AdminError(status.NOT_FOUND, 'NOT_FOUND', message, { cause: error });
    case 'CHANGE_NO_ETCD':
      return unavailable(code, message, { cause: error });
    case 'CHANGE_ELSEWHERE':
    case 'CHANGE_LAST_BACKEND':
    case 'CHANGE_NOT_IN_FORCE':
    case 'CHANGE_NOT_SAVED':
      return failedPrecondition(code, message);
  }
}

/** What a request says of how a change is to be made. */
interface AskedChange {
  readonly expectedRevision?: string;
  readonly dryRun?: boolean;
  readonly save?: boolean;
}

/** @param signal  of the caller */
export function changeOptionsOf(
  { expectedRevision = '', dryRun = false, save = false }: AskedChange,
  signal: AbortSignal,
) {
  return {
    ...(expectedRevision === '' ? {} : { expectedRevision }),
    isDryRun: dryRun,
    isSaved: save,
    signal,
  };
}
