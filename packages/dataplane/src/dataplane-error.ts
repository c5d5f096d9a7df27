import { WeirError } from '@weir/errors';

/** What a data plane may refuse, as a stable code. */
export type DataplaneErrorCode =
  | 'BPF_NOT_PERMITTED'
  | 'BPF_LIBRARY_MISSING'
  | 'BPF_OBJECT_MISSING'
  | 'BPF_LOAD_REFUSED'
  | 'BPF_FILESYSTEM'
  | 'BPF_CALL_FAILED'
  | 'DATAPLANE_CLOSED'
  | 'INTERFACE_MISSING'
  | 'XDP_BUSY'
  | 'XDP_ATTACH_REFUSED'
  | 'TUN_MISSING'
  | 'TUN_NOT_PERMITTED'
  | 'TUN_BUSY'
  | 'TUN_FAILED'
  | 'RAW_SOCKET_MISSING'
  | 'RAW_SOCKET_REFUSED'
  | 'COUNTERS_SOCKET_REFUSED'
  | 'COUNTERS_UNAVAILABLE'
  | 'COMMAND_MISSING'
  | 'COMMAND_FAILED'
  | 'TABLES_INVALID'
  | 'TRACE_REFUSED'
  | 'CAPTURE_REFUSED'
  | 'TABLES_TOO_LARGE';

/** A data plane that cannot do what it was asked; the message says what would help. */
export class DataplaneError extends WeirError {
  declare readonly code: DataplaneErrorCode;
}
