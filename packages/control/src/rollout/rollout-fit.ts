import { createHash } from 'node:crypto';
import { changeOfKind } from './plan-rollout-steps.js';
import type { RolloutSpec } from './rollout-schema.js';
import type { RolloutStatus } from './rollout-status.js';
import { nameOf } from './rollout-step.js';

/** Fields that hold for all of a rollout; the others may be changed while it is under way. */
const fixedFields = ['kind', 'nodes', 'version', 'service', 'backends'] as const;

/** A digest of each field that must stay as it is, whatever the order of keys in it: backends may be a thousand. */
export function fixedDigests(spec: RolloutSpec): Readonly<Record<string, string>> {
  const fields = spec as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    fixedFields.filter((field) => fields[field] !== undefined).map((field) => [field, digestOf(fields[field])]),
  );
}

function digestOf(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) => (isMapping(part) ? sortedByKey(part) : part));
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sortedByKey(mapping: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(mapping).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Why a rollout that was written again is another than the one that has begun; undefined: it is the same. */
export function misfitOf(spec: RolloutSpec, status: RolloutStatus): string | undefined {
  return otherSteps(spec, status) ?? otherField(spec, status);
}

function otherField(spec: RolloutSpec, { fixed }: RolloutStatus): string | undefined {
  const now = fixedDigests(spec);
  const field = fixed && fixedFields.find((name) => fixed[name] !== now[name]);
  return field && misfit(field, (spec as Readonly<Record<string, unknown>>)[field], 'it began with another value');
}

function otherSteps(spec: RolloutSpec, { steps }: Pick<RolloutStatus, 'steps'>): string | undefined {
  const changes = new Set(steps.map(({ change }) => change));
  const ofKind: readonly string[] =
    spec.kind === 'replace-backends' ? ['add-backend', 'remove-backend'] : [changeOfKind[spec.kind]];
  const other = [...changes].find((change) => !ofKind.includes(change));
  if (other !== undefined) return misfit('kind', spec.kind, `its steps are to ${other}`);
  return spec.kind === 'replace-backends' ? otherBackends(spec, steps) : otherNodes(spec.nodes, steps);
}

function otherNodes(nodes: readonly string[] | 'all', steps: RolloutStatus['steps']): string | undefined {
  if (nodes === 'all') return undefined;
  const names = steps.map(nameOf);
  return names.join() === nodes.join() ? undefined : misfit('nodes', nodes, `it began with ${JSON.stringify(names)}`);
}

function otherBackends(
  { service, backends }: Extract<RolloutSpec, { kind: 'replace-backends' }>,
  steps: RolloutStatus['steps'],
): string | undefined {
  const elsewhere = steps.find(({ target }) => !target.startsWith(`backends/${service}/`));
  if (elsewhere !== undefined) return misfit('service', service, `it began with ${elsewhere.target}`);
  const odd = steps.find((step) => Object.hasOwn(backends, nameOf(step)) !== (step.change === 'add-backend'));
  return odd && misfit('backends', Object.keys(backends), `it began to ${odd.change} ${odd.target}`);
}

function misfit(field: string, value: unknown, fact: string): string {
  return `${field}: ${JSON.stringify(value)} can't take the place of what has begun: ${fact}; write that again, or abort it`;
}
