import { z } from 'zod';
import { memberState } from '../second-chance-schema.js';

const rate = z.looseObject({
  packets: z.number().describe('Forwarded a second, by all nodes together.'),
  errors: z.number().describe('A second, of all nodes together.'),
});

const stepFields = {
  id: z.string().describe('Of this rollout, from 1.'),
  /** What it is about. */
  target: z.string().describe('nodes/NAME or backends/SERVICE/NAME.'),
  change: z
    .enum(['drain', 'activate', 'restart', 'upgrade', 'add-backend', 'remove-backend'])
    .describe('What becomes of the target.'),
};

/** What a step is at. `undone`: the rollout was aborted, and the target is as it was before. */
export const rolloutStages = [
  'pending',
  'draining',
  'restarting',
  'installing',
  'activating',
  'filling',
  'checking',
  'done',
  'undoing',
  'undone',
] as const;

export const rolloutStep = z.looseObject({
  ...stepFields,
  stage: z.enum(rolloutStages),
  former: z
    .string()
    .nullable()
    .describe('What the key of the target said before; null: there was none. Absent: not begun.')
    .exactOptional(),
  formerState: z.enum(['active', 'draining']).describe('What state the node was in before.').exactOptional(),
  formerMember: memberState.describe('What state settings/nodes had it in before.').exactOptional(),
  instance: z.string().describe('Of the daemon at the start, which is another one afterwards.').exactOptional(),
  before: rate.describe('Traffic before the step.').exactOptional(),
  connections: z.int().min(0).describe('That a drain still waits for.').exactOptional(),
});

/**
 * The value of `rollout-status/NAME`: written by the leader alone. Fields that only a newer version knows are kept when an
 * older one writes it, since leaders of both take turns in an upgrade.
 */
export const rolloutStatus = z.looseObject({
  created: z.string().describe('Revision in which the key rollouts/NAME was made that this is about.'),
  started: z.string().describe("When a leader first looked at it, by that node's clock.").exactOptional(),
  state: z.enum(['running', 'paused', 'aborting', 'done', 'aborted', 'failed']),
  reason: z
    .string()
    .describe('Why it is paused or failed, or what is wrong with its document while it is aborted.')
    .exactOptional(),
  waiting: z.string().describe('What it waits for at the moment.').exactOptional(),
  leader: z.string().describe('The node that wrote this.'),
  updated: z.string().describe("By that node's clock."),
  atOnce: z.int().min(1).describe('So many steps may be under way at a time.'),
  nodes: z.array(z.string()).describe('Those that were registered at the start, and must be at each step.'),
  steps: z.array(rolloutStep),
  fixed: z
    .record(z.string(), z.string())
    .describe('Digests of those fields of rollouts/NAME that must stay as they were at the start.')
    .exactOptional(),
  pausedAt: z
    .string()
    .describe('Revision of the key rollouts/NAME when trouble stopped it: it goes on when that is written again.')
    .exactOptional(),
});

export type RolloutStatus = z.output<typeof rolloutStatus>;
export type RolloutStep = z.output<typeof rolloutStep>;
export type RolloutStage = (typeof rolloutStages)[number];
export type RolloutState = RolloutStatus['state'];
/** What all nodes forward and drop, a second. */
export type TrafficRate = z.output<typeof rate>;

/** A step before it begins. */
export type PlannedRolloutStep = Pick<RolloutStep, 'id' | 'target' | 'change'>;

/** States that nothing leaves; they are kept to be read, until the rollout is deleted. */
export function isTerminal(state: RolloutState): boolean {
  return state === 'done' || state === 'aborted' || state === 'failed';
}
