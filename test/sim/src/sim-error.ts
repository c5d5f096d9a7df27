import { WeirError } from '@weir/errors';

/** A simulation that cannot be run as asked; the message names the option, what was given and what would be right. */
export class SimError extends WeirError {
  declare readonly code: 'OPTION_INVALID' | 'EVENT_IMPOSSIBLE';
}
