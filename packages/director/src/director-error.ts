import { WeirError } from '@weir/errors';

/** Members from which no table can be made, or a change that the rules refuse; the message names the member and why. */
export class DirectorError extends WeirError {
  declare readonly code:
    | 'NO_MEMBER'
    | 'DUPLICATE_MEMBER'
    | 'UNKNOWN_MEMBER'
    | 'WEIGHT_INVALID'
    | 'ROWS_INVALID'
    | 'TRANSITION_REFUSED'
    | 'SEED_INVALID'
    | 'KEY_INVALID'
    | 'CHOICES_INVALID'
    | 'TOO_MANY_MEMBERS'
    | 'MODULE_MISSING';
}
