import { WeirError } from '@weir/errors';

export type ChangeErrorCode =
  /** The entry has another revision than the expected one. */
  | 'CHANGE_CONFLICT'
  /** There is no such entry. */
  | 'CHANGE_UNKNOWN'
  /** The entry stands where this way of changing it does not reach: in weir.yaml beside etcd, or in a source of discovery. */
  | 'CHANGE_ELSEWHERE'
  /** The last backend of its service. */
  | 'CHANGE_LAST_BACKEND'
  /** No member of etcd answered. */
  | 'CHANGE_NO_ETCD'
  /** The node could not put it in force, and took it back. */
  | 'CHANGE_NOT_IN_FORCE'
  /** weir.yaml can't be written, or says something else than when it was read. */
  | 'CHANGE_NOT_SAVED';

export interface ChangeErrorDetails {
  /** CHANGE_CONFLICT: what the entry is at now; `0`: it does not exist. */
  readonly currentRevision?: string;
  readonly cause?: unknown;
}

/** A change that was not made; nothing of it is in force or written. Of what is wrong with values, InvalidConfigError tells. */
export class ChangeError extends WeirError {
  declare readonly code: ChangeErrorCode;
  readonly currentRevision: string | undefined;

  constructor(code: ChangeErrorCode, message: string, { currentRevision, cause }: ChangeErrorDetails = {}) {
    super(code, message, {
      ...(cause === undefined ? {} : { cause }),
      details: currentRevision === undefined ? {} : { currentRevision },
    });
    this.currentRevision = currentRevision;
  }
}

/** @param what  such as `services/web` */
export function conflict(what: string, expected: string, current: string): ChangeError {
  const now = current === '0' ? 'it does not exist' : `it is at revision ${current}`;
  const meant = expected === '0' ? 'that it does not exist yet' : `revision ${expected}`;
  const message = `${what}: expected ${meant}, but ${now}; look at what others changed, and try again from there`;
  return new ChangeError('CHANGE_CONFLICT', message, { currentRevision: current });
}
