import { WeirError } from '@weir/errors';

/** What a command can't do; the message names the file, the place in it and the value, and what to do next. */
export class WeirctlError extends WeirError {
  declare readonly code:
    | 'INPUT_UNREADABLE'
    | 'INPUT_INVALID'
    | 'OUTPUT_UNWRITABLE'
    | 'SERVICE_UNKNOWN'
    | 'SERVICE_AMBIGUOUS'
    | 'MEMBER_UNKNOWN'
    | 'NOTHING_TO_EXPORT'
    | 'FILES_DIFFER'
    | 'PLAN_BLOCKED';
}
