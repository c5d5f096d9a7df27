import { z } from 'zod';
import { issuesText } from '../cluster/cluster-value.js';
import { duration, durationUpTo } from '../duration.js';
import { keyPart } from '../etcd-schema.js';
import { NODES_MAX } from '../nodes-schema.js';
import { backendSchema } from '../service-schema.js';

const KINDS = 'drain-nodes, activate-nodes, add-nodes, restart-nodes, upgrade-nodes, replace-backends';
const CHECK_MIN_MS = 2000;

/** What is wanted of a rollout that has been started; `run` after `pause` goes on. */
export const rolloutWish = z.enum(['run', 'pause', 'abort']);

const options = {
  maxAtOnce: z
    .union([z.int().min(1).max(NODES_MAX), z.literal('choices')])
    .describe('Steps under way at a time; choices: one less than a row has choices.')
    .default(1),
  drainTimeout: duration.describe('How long a drain waits for connections to end.').prefault('5m'),
  stepTimeout: duration.describe('How long anything else may take before it is trouble.').prefault('5m'),
  fillFor: duration
    .describe('How long a member fills, of a service with second chance or of settings/nodes.')
    .prefault('60s'),
  checkFor: durationUpTo(600_000, '10m')
    .refine((ms) => ms === 0 || ms >= CHECK_MIN_MS, 'is less than 2s; nodes tell of their traffic each second')
    .describe('How long traffic is looked at before and after each step; 0s: not at all.')
    .prefault('3s'),
  errorBudget: z
    .number()
    .min(0)
    .describe('How many more errors a second than before a step, and half of those again, are no trouble.')
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

const rolloutBackend = backendSchema.omit({ name: true });

/** The value of `rollouts/NAME`. */
export const rolloutSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('drain-nodes'), nodes, ...options }),
    z.strictObject({ kind: z.literal('activate-nodes'), nodes, ...options }),
    z.strictObject({ kind: z.literal('add-nodes'), nodes, ...options }),
    z.strictObject({ kind: z.literal('restart-nodes'), nodes, ...options }),
    z.strictObject({ kind: z.literal('upgrade-nodes'), nodes, version, ...options }),
    z.strictObject({
      kind: z.literal('replace-backends'),
      service: keyPart,
      backends: z
        .record(keyPart, rolloutBackend)
        .refine(
          (backends) => Object.keys(backends).length > 0,
          'names no backend; a service without backends serves nobody',
        )
        .describe('By name: all that there are to be at last.'),
      mayBreakConnections: z
        .boolean()
        .describe('true: backends leave though nobody knows of their connections, which break then.')
        .default(false),
      ...options,
    }),
  ],
  { error: ({ code }) => (code === 'invalid_union' ? `is not one of ${KINDS}` : undefined) },
);

type Checked = z.output<typeof rolloutSchema>;
type Document = z.input<typeof rolloutSchema>;
/** A rollout as people write it. */
export type RolloutDocument = Document;
/** A backend as keys of etcd have it. */
export type BackendJson = z.input<typeof rolloutBackend>;
export type RolloutWish = z.output<typeof rolloutWish>;
export type RolloutKind = Checked['kind'];

/** What a rollout of nodes is to do. */
export type NodesSpec = Exclude<Checked, { kind: 'replace-backends' }>;

/** Backends stay as they are written: so they become keys. */
export interface BackendsSpec extends Omit<Extract<Checked, { kind: 'replace-backends' }>, 'backends'> {
  readonly backends: Readonly<Record<string, BackendJson>>;
}

/** A rollout as it is in force: checked, defaults filled in, durations in ms. */
export type RolloutSpec = NodesSpec | BackendsSpec;

/**
 * Checks what stands in `rollouts/NAME`.
 * @returns what is wrong: fields, values and what would be right
 */
export function parseRollout(document: unknown): { readonly spec: RolloutSpec } | { readonly problem: string } {
  const { data, error } = rolloutSchema.safeParse(document);
  if (error !== undefined) return { problem: issuesText(error, document, schemaOf(document)) };
  if (data.kind !== 'replace-backends') return { spec: data };
  const { backends } = document as Extract<Document, { kind: 'replace-backends' }>;
  return { spec: { ...data, backends } };
}

/** Limits for a rollout that is being aborted and whose document is not right any more: it ends all the same. */
export const defaultLimits: RolloutSpec = rolloutSchema.parse({ kind: 'activate-nodes', nodes: 'all' }) as NodesSpec;

/** Of its kind, where it has one: keys of that kind alone are suggested for those that are misspelt. */
function schemaOf(document: unknown): z.ZodType {
  const { kind } = (document ?? {}) as { readonly kind?: unknown };
  return rolloutSchema.options.find(({ shape }) => shape.kind.value === kind) ?? rolloutSchema;
}
