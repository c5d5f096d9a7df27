export { type ChoiceMember, type MemberState, takesNew } from './choice-member.js';
export { choiceRow, type HashField, hashFields } from './choice-row.js';
export {
  CHOICE_MEMBERS_MAX,
  CHOICE_ROWS,
  CHOICES_MAX,
  CHOICES_MIN,
  type ChangedChoiceTable,
  ChoiceTable,
  type ChoiceTableOptions,
  DEFAULT_CHOICES,
  NO_CHOICE,
} from './choice-table.js';
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
