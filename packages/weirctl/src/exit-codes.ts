import { ExitCode } from '@weir/daemon';

export { ExitCode };

/** With what the command ends, by the code of the error that ended it; see {@link ExitCode} for their meaning. */
export const exitCodes = {
  CONFIG_INVALID: ExitCode.config,
  CONFIG_UNREADABLE: ExitCode.config,
  INPUT_UNREADABLE: ExitCode.config,
  INPUT_INVALID: ExitCode.config,
  OUTPUT_UNWRITABLE: ExitCode.failure,
  SERVICE_UNKNOWN: ExitCode.usage,
  SERVICE_AMBIGUOUS: ExitCode.usage,
  MEMBER_UNKNOWN: ExitCode.usage,
  NOTHING_TO_EXPORT: ExitCode.config,
  GLB_TABLE_UNFIT: ExitCode.config,
  FILES_DIFFER: ExitCode.config,
  PLAN_BLOCKED: ExitCode.failure,
  ADDRESS_INVALID: ExitCode.usage,
  NODE_UNAVAILABLE: ExitCode.unavailable,
  NODE_SILENT: ExitCode.unavailable,
  NODE_TOO_OLD: ExitCode.unavailable,
  NOT_ALLOWED: ExitCode.noPermission,
  NOT_FOUND: ExitCode.failure,
  REQUEST_INVALID: ExitCode.config,
  CHANGED_MEANWHILE: ExitCode.failure,
  REFUSED: ExitCode.failure,
  DIFFERENT: ExitCode.failure,
  NOT_DRAINED: ExitCode.failure,
  NOT_SERVING: ExitCode.unavailable,
  ROLLOUT_STOPPED: ExitCode.failure,
  INTERRUPTED: ExitCode.interrupted,
  FAULT_FOUND: ExitCode.failure,
  CHECK_UNKNOWN: ExitCode.usage,
  IPVSADM_USAGE: ExitCode.usage,
  IPVSADM_REFUSED: ExitCode.failure,
} as const;
