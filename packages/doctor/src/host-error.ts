import { WeirError } from '@weir/errors';

/** The host could not be asked. */
export class HostError extends WeirError {
  declare readonly code: 'HOST_COMMAND_MISSING' | 'HOST_COMMAND_FAILED';
}
