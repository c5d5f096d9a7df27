import { WeirError } from '@weir/errors';

export type RolloutErrorCode =
  /** A field is wrong, for itself or beside what there is. */
  | 'ROLLOUT_INVALID'
  /** There is one of this name. */
  | 'ROLLOUT_EXISTS'
  /** There is none of this name. */
  | 'ROLLOUT_UNKNOWN'
  /** Another one that has not ended touches the same nodes or service. */
  | 'ROLLOUT_CONFLICT'
  /** It has not ended, or has ended; the wish does not fit. */
  | 'ROLLOUT_STATE'
  /** No member of etcd answered. */
  | 'ROLLOUT_NO_ETCD';

/** A rollout that can't be planned, started or told anything. The message names field and value. */
export class RolloutError extends WeirError {
  declare readonly code: RolloutErrorCode;

  constructor(code: RolloutErrorCode, message: string, options?: ConstructorParameters<typeof WeirError>[2]) {
    super(code, message, options);
  }
}
