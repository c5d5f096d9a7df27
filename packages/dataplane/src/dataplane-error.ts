import { WeirError } from '@weir/errors';

/** What a data plane may refuse, as a stable code. */
export type DataplaneErrorCode =
  | 'BPF_NOT_PERMITTED'
  | 'BPF_LIBRARY_MISSING'
  | 'BPF_OBJECT_MISSING'
  | 'BPF_LOAD_REFUSED'
  | 'BPF_FILESYSTEM'
  | 'BPF_CALL_FAILED'
  | 'INTERFACE_MISSING'
  | 'XDP_BUSY'
  | 'XDP_ATTACH_REFUSED'
  | 'TABLES_INVALID'
  | 'TABLES_TOO_LARGE';

/** A data plane that cannot do what it was asked; the message says what would help. */
export class DataplaneError extends WeirError {
  declare readonly code: DataplaneErrorCode;
}
