import { WeirError } from '@weir/errors';

export type GobgpErrorCode = 'GOBGP_UNREACHABLE' | 'GOBGP_REFUSED' | 'PATH_INVALID' | 'PEER_INVALID';

/** gobgpd did not answer, or answered no; or a path or a peer that it could not be told of. */
export class GobgpError extends WeirError {
  declare readonly code: GobgpErrorCode;
}
