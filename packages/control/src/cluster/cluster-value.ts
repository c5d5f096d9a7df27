import { z } from 'zod';
import { announce } from '../announce-schema.js';
import type { ConfigProblem } from '../config-error.js';
import { dataplane } from '../dataplane-schema.js';
import { problemsOf, type WrittenDocument } from '../document-problems.js';
import { nodeSchema } from '../node-schema.js';
import { nodes } from '../nodes-schema.js';
import { type BackendDocument, backendSchema, namelessServiceSchema } from '../service-schema.js';
import { type ClusterKey, parseClusterKey, type SettingName } from './cluster-key.js';
import { nodeCondition } from './node-condition-schema.js';

/** The schema of a value by the kind of its key; of settings by their name. */
export const valueSchemas = {
  service: namelessServiceSchema,
  backend: backendSchema.omit({ name: true }),
  node: z.object({
    name: z.string(),
    instance: z.string().describe('Random; of one life of the daemon.'),
    state: z.enum(['filling', 'active', 'draining']),
    version: z.string(),
    addresses: z.array(z.string()),
    announces: z.array(z.string()).describe('Prefixes that it announces at the moment.'),
    condition: nodeCondition.describe('What rollouts want to know.').exactOptional(),
  }),
  'node-state': z.strictObject({
    state: z.enum(['active', 'draining']).describe('draining: no VIP is announced, what still comes is forwarded.'),
    step: z.string().describe('ROLLOUT/STEP that wrote this; the node repeats it in condition.rolloutStep.').optional(),
    restart: z
      .string()
      .describe('An instance: the daemon that has it ends itself, to be started again; others pay no heed.')
      .optional(),
  }),
} as const;

export const settingSchemas = {
  guard: nodeSchema.shape.guard,
  timeouts: dataplane.shape.timeouts,
  announce,
  nodes,
} as const satisfies Record<SettingName, z.ZodType>;

type Of<T extends z.ZodType> = z.output<T>;

/** A key with a value that is right for itself. */
export type ClusterEntry =
  | { readonly kind: 'service'; readonly name: string; readonly value: Of<typeof namelessServiceSchema> }
  | { readonly kind: 'backend'; readonly service: string; readonly value: BackendDocument }
  | { readonly kind: 'node'; readonly value: Of<(typeof valueSchemas)['node']> }
  | { readonly kind: 'node-state'; readonly name: string; readonly value: Of<(typeof valueSchemas)['node-state']> }
  | { readonly kind: 'setting'; readonly name: SettingName; readonly value: unknown }
  | { readonly kind: 'other' }
  | { readonly kind: 'bad'; readonly problem: string };

/**
 * What a key and its text mean. What is wrong with them is a value: they are somebody else's.
 * @param key  without the prefix of the cluster
 */
export function parseClusterEntry(key: string, text: string): ClusterEntry {
  const parsed = parseClusterKey(key);
  if (parsed.kind === 'unknown') return { kind: 'bad', problem: parsed.problem };
  if (parsed.kind === 'other') return parsed;
  const value = parseJson(text);
  if ('problem' in value) return { kind: 'bad', problem: value.problem };
  const schema = schemaOf(parsed);
  const { data, error } = schema.safeParse(value.json);
  if (error !== undefined) return { kind: 'bad', problem: issuesText(error, value.json, schema) };
  if (parsed.kind !== 'backend') return { ...parsed, value: data } as ClusterEntry;
  return { kind: 'backend', service: parsed.service, value: { ...(data as BackendDocument), name: parsed.name } };
}

function schemaOf(key: Exclude<ClusterKey, { kind: 'unknown' | 'other' }>): z.ZodType {
  return key.kind === 'setting' ? settingSchemas[key.name] : valueSchemas[key.kind];
}

/** JSON, or why a text is none. */
export function parseJson(text: string): { readonly json: unknown } | { readonly problem: string } {
  try {
    return { json: JSON.parse(text) };
  } catch (error) {
    return { problem: `is not JSON, such as {"address": "10.0.0.21"}: ${(error as Error).message}` };
  }
}

/** What is wrong with a value of a key: fields, values and what would be right. */
export function issuesText(error: z.ZodError, json: unknown, schema: z.ZodType): string {
  return valueProblems(error, json, schema)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('; ');
}

/** The same of a key and its text, each problem for itself; of those that a schema finds. */
export function keyProblems(key: string, text: string): readonly ConfigProblem[] {
  const parsed = parseClusterKey(key);
  if (parsed.kind === 'unknown') return [{ path: 'name', message: parsed.problem, line: 1 }];
  const value = parseJson(text);
  if (parsed.kind === 'other' || 'problem' in value) return [];
  const schema = schemaOf(parsed);
  const { error } = schema.safeParse(value.json);
  return error === undefined ? [] : valueProblems(error, value.json, schema);
}

function valueProblems(error: z.ZodError, json: unknown, schema: z.ZodType): ConfigProblem[] {
  const written: WrittenDocument = {
    value: json,
    lineOfValue: () => 1,
    lineOfKey: () => 1,
    numberText: () => undefined,
  };
  return error.issues.flatMap((issue) => problemsOf(issue, written, () => z.toJSONSchema(schema, { io: 'input' })));
}
