import { isDeepStrictEqual } from 'node:util';
import { backendSchema } from '../service-schema.js';
import { brokenConnections } from './connection-memory.js';
import { RolloutError } from './rollout-error.js';
import type { BackendsSpec, NodesSpec, RolloutSpec } from './rollout-schema.js';
import type { PlannedRolloutStep } from './rollout-status.js';
import { type ClusterView, isActive, mappingOf, textOf } from './rollout-view.js';

/** What a rollout would do. */
export interface RolloutPlan {
  readonly steps: readonly PlannedRolloutStep[];
  /** So many steps may be under way at a time. */
  readonly atOnce: number;
  /** Those that must be there at each step: all that are registered now. */
  readonly nodes: readonly string[];
}

/** What becomes of nodes. */
export const changeOfKind = {
  'drain-nodes': 'drain',
  'activate-nodes': 'activate',
  'add-nodes': 'activate',
  'restart-nodes': 'restart',
  'upgrade-nodes': 'upgrade',
} as const;

/** Which steps lead where a rollout is to lead. @throws RolloutError ROLLOUT_INVALID, which names field and value */
export function planRolloutSteps(spec: RolloutSpec, view: ClusterView): RolloutPlan {
  const changes = spec.kind === 'replace-backends' ? backendChanges(spec, view) : nodeChanges(spec, view);
  return {
    steps: changes.map(({ target, change }, at) => ({ id: String(at + 1), target, change })),
    atOnce: stepsAtOnce(spec, view),
    nodes: [...view.nodes.keys()].sort(),
  };
}

/** A status has room for so many steps; etcd takes values up to 1.5 MB. */
const STEPS_MAX = 1000;

type Change = Omit<PlannedRolloutStep, 'id'>;

function nodeChanges(spec: NodesSpec, view: ClusterView): Change[] {
  const names = spec.nodes === 'all' ? allNodes(spec, view) : spec.nodes;
  if (names.length === 0) throw invalid('nodes', '"all"', `names no node that ${spec.kind} could change`);
  if (spec.nodes !== 'all' && spec.kind !== 'add-nodes') {
    const at = names.findIndex((name) => !view.nodes.has(name));
    const registered = [...view.nodes.keys()].sort().join(', ') || 'none';
    if (at >= 0) throw invalid(`nodes[${at}]`, quoted(names[at]), `is not registered; registered are: ${registered}`);
  }
  const left = [...view.nodes.keys()].filter((name) => isActive(view, name) && !names.includes(name));
  if (spec.kind === 'drain-nodes' && left.length === 0) {
    throw invalid('nodes', quoted(spec.nodes), 'would leave no active node; leave one out, or add nodes first');
  }
  return names.map((name) => ({ target: `nodes/${name}`, change: changeOfKind[spec.kind] }));
}

function allNodes({ kind }: NodesSpec, view: ClusterView): string[] {
  const names = [...view.nodes.keys()].sort();
  return kind === 'add-nodes' || kind === 'activate-nodes' ? names.filter((name) => !isActive(view, name)) : names;
}

/** New ones join before old ones leave. */
function backendChanges({ service, backends, mayBreakConnections }: BackendsSpec, view: ClusterView): Change[] {
  checkService(service, view);
  const prefix = `backends/${service}/`;
  const names = Object.keys(backends);
  const current = [...view.keys.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  const joining = names.filter((name) => isChange(prefix, name, backends[name], view));
  const leaving = current.filter((name) => !names.includes(name));
  const leased = [...joining, ...leaving].find((name) => view.keys.get(`${prefix}${name}`)?.isLeased === true);
  if (leased !== undefined) {
    const why = 'is kept under a lease by its own agent, which would write it again; stop that agent instead';
    throw invalid('backends', quoted(leased), why);
  }
  const broken = leaving.length > 0 && !mayBreakConnections && brokenConnections(textOf(view, `services/${service}`));
  if (broken) {
    const help = 'give the service pinning or secondChance, or say "mayBreakConnections": true';
    throw invalid('service', quoted(service), `${broken}; ${help}`);
  }
  const count = joining.length + leaving.length;
  if (count > STEPS_MAX) {
    throw invalid('backends', `${count} changes`, `are more than a rollout may have, ${STEPS_MAX}; make several of it`);
  }
  return [
    ...joining.map((name) => ({ target: `${prefix}${name}`, change: 'add-backend' as const })),
    ...leaving.map((name) => ({ target: `${prefix}${name}`, change: 'remove-backend' as const })),
  ];
}

function checkService(service: string, view: ClusterView): void {
  const text = textOf(view, `services/${service}`);
  const prefix = `backends/${service}/`;
  if (text === undefined && ![...view.keys.keys()].some((key) => key.startsWith(prefix))) {
    throw invalid('service', quoted(service), `has neither services/${service} nor ${prefix}NAME in etcd`);
  }
  const { backends } = mappingOf(text);
  if (Array.isArray(backends) && backends.length > 0) {
    const why = `has backends in services/${service} itself, which can't go one by one; give each a key ${prefix}NAME`;
    throw invalid('service', quoted(service), why);
  }
}

function isChange(prefix: string, name: string, wanted: unknown, view: ClusterView): boolean {
  const text = textOf(view, `${prefix}${name}`);
  if (text === undefined) return true;
  const current = backendSchema.safeParse(mappingOf(text)).data;
  const next = backendSchema.parse(wanted);
  if (isDeepStrictEqual(current, next)) return false;
  if (current !== undefined && current.address !== next.address) {
    const why = `is another address than that of ${prefix}${name}, ${current.address}; give the new backend a name of its own`;
    throw invalid(`backends.${name}.address`, quoted(next.address), why);
  }
  return true;
}

function stepsAtOnce(spec: RolloutSpec, view: ClusterView): number {
  const { maxAtOnce } = spec;
  const { key, choices } = choicesOf(spec, view);
  if (maxAtOnce === 'choices') {
    if (choices === undefined) throw invalid('maxAtOnce', '"choices"', `needs ${key} in etcd; give a number`);
    return choices - 1;
  }
  if (choices === undefined || maxAtOnce < choices) return maxAtOnce;
  const why = `is more than rows with ${choices} choices (${key}) can stand; at most ${choices - 1}`;
  throw invalid('maxAtOnce', String(maxAtOnce), why);
}

/** Choices of a row of the table that the steps change; the director lets one less be in motion. */
function choicesOf(spec: RolloutSpec, view: ClusterView): { readonly key: string; readonly choices?: number } {
  if (spec.kind !== 'replace-backends') {
    const text = textOf(view, 'settings/nodes');
    return text === undefined ? { key: 'settings/nodes' } : { key: 'settings/nodes', ...numberOf(mappingOf(text), 2) };
  }
  const key = `services/${spec.service}: secondChance`;
  const { secondChance } = mappingOf(textOf(view, `services/${spec.service}`));
  return typeof secondChance === 'object' && secondChance !== null ? { key, ...numberOf(secondChance, 3) } : { key };
}

function numberOf({ choices }: { readonly choices?: unknown }, otherwise: number): { readonly choices: number } {
  return { choices: typeof choices === 'number' ? choices : otherwise };
}

function quoted(value: unknown): string {
  return JSON.stringify(value);
}

function invalid(field: string, value: string, why: string): RolloutError {
  return new RolloutError('ROLLOUT_INVALID', `${field}: ${value} ${why}`, { details: { field } });
}
