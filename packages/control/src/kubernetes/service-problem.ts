/** Reasons of Events, as Kubernetes writes them. */
export type ProblemReason =
  | 'AddressNotAvailable'
  | 'PoolExhausted'
  | 'AddressConflict'
  | 'InvalidAnnotation'
  | 'NotSupported'
  | 'NotServed';

/** Why a Service is not served as its author wishes. */
export interface ServiceProblem {
  /** `NAMESPACE/NAME`. */
  readonly service: string;
  readonly reason: ProblemReason;
  /** Names the field or annotation, its value, and what would help. */
  readonly message: string;
}
