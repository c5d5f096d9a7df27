import { WeirError } from '@weir/errors';

export type WeirctlErrorCode =
  | 'INPUT_UNREADABLE'
  | 'INPUT_INVALID'
  | 'OUTPUT_UNWRITABLE'
  | 'SERVICE_UNKNOWN'
  | 'SERVICE_AMBIGUOUS'
  | 'MEMBER_UNKNOWN'
  | 'NOTHING_TO_EXPORT'
  | 'FILES_DIFFER'
  | 'PLAN_BLOCKED'
  | 'ADDRESS_INVALID'
  | 'NODE_UNAVAILABLE'
  | 'NODE_SILENT'
  | 'NODE_TOO_OLD'
  | 'NOT_ALLOWED'
  | 'NOT_FOUND'
  | 'REQUEST_INVALID'
  | 'CHANGED_MEANWHILE'
  | 'REFUSED'
  | 'DIFFERENT'
  | 'NOT_DRAINED'
  | 'NOT_SERVING'
  | 'ROLLOUT_STOPPED'
  | 'INTERRUPTED'
  | 'FAULT_FOUND'
  | 'CHECK_UNKNOWN';

/** What a command can't do; the message names the file, the place in it and the value, and what to do next. */
export class WeirctlError extends WeirError {
  declare readonly code: WeirctlErrorCode;
}
