export { type ChangePlan, type ChangePlanRequest, type PlanStep, planChange } from './change-plan.js';
export type { PlanFlows, RowChange } from './change-plan-rows.js';
export { type PlannedStep, type PlannedSteps, type PlannedTransition, planSteps } from './change-plan-steps.js';
export { type ChoiceMember, type MemberState, takesNew } from './choice-member.js';
export { choiceRow, type HashField, hashFields } from './choice-row.js';
export {
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
export { durationText } from './duration-text.js';
export { parseGlbConfig } from './glb-config.js';
export { GlbError, type GlbProblem } from './glb-error.js';
export { parseGlbHashFields } from './glb-hash-fields.js';
export { type GlbBackend, type GlbBind, type GlbTable, membersOfGlb } from './glb-table.js';
export { buildGlbTableFile, decodeGlbTableFile, encodeGlbTableFile, type GlbBinaryTable } from './glb-table-file.js';
export { DEFAULT_TABLE_ROWS, type MaglevOptions, maglevTable } from './maglev-table.js';
export { type MembershipEvent, nextMembership } from './membership-change.js';
export { type MembershipRule, memberArrows, nextTransitions, type TransitionVerdict } from './membership-rules.js';
export {
  choiceMembersOf,
  type MemberPhase,
  type Membership,
  type MembershipLimits,
  type MembershipMember,
  membershipOf,
} from './membership-state.js';
export { entriesOfWeight, type WeightedChoiceMember } from './membership-weights.js';
export { PACKET_CHOICES_MAX, type PacketHash, packetChoices } from './packet-choices.js';
export {
  type MemberTable,
  nextPinnedRows,
  type PinnedRows,
  type PinnedRowsEvent,
  type PinnedRowsStart,
  startPinnedRows,
} from './pinned-rows.js';
export { CHOICE_MEMBERS_MAX } from './ranked-member.js';
export { type RendezvousOptions, rendezvousTable } from './rendezvous-table.js';
export type { PinTiming, RowPin } from './row-pin.js';
export { WEIGHT_MAX, type WeightedMember } from './weighted-member.js';
export { DEFAULT_SEQUENCE_ROWS, weightedSequence } from './weighted-sequence.js';
