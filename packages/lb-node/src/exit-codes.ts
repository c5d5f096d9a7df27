import { ExitCode } from '@weir/daemon';

/** With what the daemon ends, by the code of the error that ended it; see ExitCode for their meaning. */
export const exitCodes = {
  CONFIG_INVALID: ExitCode.config,
  CONFIG_UNREADABLE: ExitCode.config,
  NEXT_HOP_MISSING: ExitCode.config,
  PATH_INVALID: ExitCode.config,
  TABLES_INVALID: ExitCode.config,
  TABLES_TOO_LARGE: ExitCode.config,
  BPF_NOT_PERMITTED: ExitCode.noPermission,
  KERNEL_SETTING_REFUSED: ExitCode.noPermission,
  ENGINE_MISSING: ExitCode.unavailable,
  BPF_FILESYSTEM: ExitCode.unavailable,
  BPF_LIBRARY_MISSING: ExitCode.unavailable,
  BPF_OBJECT_MISSING: ExitCode.unavailable,
  BPF_LOAD_REFUSED: ExitCode.unavailable,
  IP_COMMAND_MISSING: ExitCode.unavailable,
  IP_COMMAND_FAILED: ExitCode.unavailable,
  NOTHING_COUNTED: ExitCode.unavailable,
  INTERFACE_MISSING: ExitCode.unavailable,
  XDP_BUSY: ExitCode.unavailable,
  XDP_ATTACH_REFUSED: ExitCode.unavailable,
  GOBGPD_MISSING: ExitCode.unavailable,
  GOBGPD_FAILED: ExitCode.unavailable,
  GOBGPD_OTHER_ASN: ExitCode.unavailable,
  GOBGP_UNREACHABLE: ExitCode.unavailable,
  GOBGP_REFUSED: ExitCode.unavailable,
} as const;
