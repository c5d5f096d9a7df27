export { DirectorError } from './director-error.js';
export { DEFAULT_TABLE_ROWS, type MaglevOptions, maglevTable } from './maglev-table.js';
export {
  type MemberTable,
  nextPinnedRows,
  type PinnedRows,
  type PinnedRowsEvent,
  type PinnedRowsStart,
  startPinnedRows,
} from './pinned-rows.js';
export { type RendezvousOptions, rendezvousTable } from './rendezvous-table.js';
export type { PinTiming, RowPin } from './row-pin.js';
export { WEIGHT_MAX, type WeightedMember } from './weighted-member.js';
export { DEFAULT_SEQUENCE_ROWS, weightedSequence } from './weighted-sequence.js';
