import { WeirError } from '@weir/errors';

export type SpeakerErrorCode =
  | 'GOBGPD_MISSING'
  | 'GOBGPD_FAILED'
  | 'GOBGPD_OTHER_ASN'
  | 'NEXT_HOP_MISSING'
  | 'KEEPALIVED_MISSING'
  | 'KEEPALIVED_FAILED'
  | 'ROUTER_IDS_EXHAUSTED';

/** A speaker that can't speak; the message says what would help. */
export class SpeakerError extends WeirError {
  declare readonly code: SpeakerErrorCode;
}
