import { WeirError } from '@weir/errors';

/** Members from which no table can be made; the message names the member and what is wrong with it. */
export class DirectorError extends WeirError {
  declare readonly code: 'NO_MEMBER' | 'DUPLICATE_MEMBER' | 'WEIGHT_INVALID' | 'ROWS_INVALID';
}
