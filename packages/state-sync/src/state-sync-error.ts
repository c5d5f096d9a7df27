import { WeirError } from '@weir/errors';

export type StateSyncErrorCode = 'SECRET_INVALID' | 'STORE_OPTIONS_INVALID' | 'REPLICATION_CLOSED';

/** Options that can't be, or a use after the end; the message says what would help. */
export class StateSyncError extends WeirError {
  declare readonly code: StateSyncErrorCode;
}
