import { WeirError } from '@weir/errors';

/** What a {@link LabError} can be about. */
export type LabErrorCode =
  | 'LAB_NOT_STARTED'
  | 'LAB_NO_BPFFS'
  | 'LAB_NO_CGROUP2'
  | 'LAB_NOT_ROOT'
  | 'LAB_NO_NAMESPACES'
  | 'LAB_PROGRAM_MISSING'
  | 'LAB_NOT_BUILT'
  | 'LAB_TOPOLOGY_INVALID'
  | 'LAB_UNKNOWN_HOST'
  | 'LAB_COMMAND_FAILED'
  | 'LAB_COMMAND_TIMED_OUT'
  | 'LAB_PROCESS_ENDED'
  | 'LAB_DEADLINE_PASSED'
  | 'LAB_LEFTOVERS_REMAIN'
  | 'LAB_DISPOSED';

/** A lab that cannot be built, a program in it that failed, or a condition that did not come true in time. */
export class LabError extends WeirError {
  declare readonly code: LabErrorCode;

  constructor(code: LabErrorCode, message: string, options?: ConstructorParameters<typeof WeirError>[2]) {
    super(code, message, options);
  }
}
