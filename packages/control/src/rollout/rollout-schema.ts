import { z } from 'zod';
import { duration } from '../duration.js';
import { keyPart } from '../etcd-schema.js';
import { NODES_MAX } from '../nodes-schema.js';
import { backendSchema } from '../service-schema.js';

/** What is wanted of a rollout that has been started; `run` after `pause` goes on. */
export const rolloutWish = z.enum(['run', 'pause', 'abort']);

const options = {
  maxAtOnce: z
    .union([z.int().min(1).max(NODES_MAX), z.literal('choices')])
    .describe('Steps under way at a time; choices: one less than a row has choices.')
    .default(1),
  drainTimeout: duration.describe('How long a drain waits for connections to end.').prefault('5m'),
  stepTimeout: duration.describe('How long anything else may take before it is trouble.').prefault('5m'),
  checkFor: duration.describe('How long traffic is looked at before and after each step.').prefault('3s'),
  errorBudget: z
    .number()
    .min(0)
    .describe('How many more errors a second than before a step are no trouble.')
    .default(1),
  pauseOnTrouble: z.boolean().describe('false: wait until the trouble has gone.').default(true),
  wish: rolloutWish.default('run'),
};

const nodes = z
  .union([
    z
      .array(keyPart)
      .min(1, 'names no node')
      .max(NODES_MAX, `names more than ${NODES_MAX} nodes`)
      .refine((names) => new Set(names).size === names.length, 'names a node twice'),
    z.literal('all'),
  ])
  .describe('Names, in the order in which they take their turns; all: those that are registered, by name.');

const version = z.string().min(1).max(128).describe('What nodes/NAME says once it is installed.');

/** The value of `rollouts/NAME`. */
export const rolloutSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('drain-nodes'), nodes, ...options }),
  z.strictObject({ kind: z.literal('activate-nodes'), nodes, ...options }),
  z.strictObject({ kind: z.literal('add-nodes'), nodes, ...options }),
  z.strictObject({ kind: z.literal('restart-nodes'), nodes, ...options }),
  z.strictObject({ kind: z.literal('upgrade-nodes'), nodes, version, ...options }),
  z.strictObject({
    kind: z.literal('replace-backends'),
    service: keyPart,
    backends: z
      .record(keyPart, backendSchema.omit({ name: true }))
      .refine(
        (backends) => Object.keys(backends).length > 0,
        'names no backend; a service without backends serves nobody',
      )
      .describe('By name: all that there are to be at last.'),
    fillFor: duration
      .describe('How long backends of a service with second chance fill before others leave.')
      .prefault('60s'),
    ...options,
  }),
]);

/** A rollout as it is in force: checked, defaults filled in, durations in ms. */
export type RolloutSpec = z.output<typeof rolloutSchema>;
/** A rollout as people write it. */
export type RolloutDocument = z.input<typeof rolloutSchema>;
export type RolloutWish = z.output<typeof rolloutWish>;
export type RolloutKind = RolloutSpec['kind'];
