import { clusterPrefix } from '../cluster/cluster-key.js';
import { isKeyPart } from '../etcd-schema.js';
import { planRolloutSteps, type RolloutPlan } from './plan-rollout-steps.js';
import { readClusterView, readRollouts, rolloutNamed, servicesOf } from './read-rollouts.js';
import { conflictOf } from './rollout-conflict.js';
import { RolloutError } from './rollout-error.js';
import { commitIf, connectAnyMember, type RolloutEtcd } from './rollout-etcd.js';
import { parseRollout, type RolloutSpec, type RolloutWish } from './rollout-schema.js';
import { isTerminal, type RolloutStatus } from './rollout-status.js';

/** A rollout and how far it is. */
export interface Rollout {
  readonly name: string;
  /** Undefined: what stands in etcd is not right; its status says why. */
  readonly spec: RolloutSpec | undefined;
  /** Undefined: no leader has looked at it yet, or it can't be read, and {@link statusProblem} says why. */
  readonly status: RolloutStatus | undefined;
  /** Present: how far it is stands in etcd and is not understood. Leaders leave it alone. */
  readonly statusProblem?: string;
}

/** So often a wish is written again when somebody else wrote the rollout meanwhile. */
const ATTEMPTS_MAX = 5;

/** What a rollout would do, and why it could not be started now. */
export interface RolloutTrial extends RolloutPlan {
  /** Sentences; empty: nothing stands in the way. */
  readonly troubles: readonly string[];
}

/**
 * What a rollout would do, were it started now. Nothing is changed.
 * @param document  as in `rollouts/NAME`
 * @param name  that it is to have; empty: not known yet
 * @throws RolloutError ROLLOUT_INVALID, ROLLOUT_NO_ETCD; what etcd says
 */
export async function planRollout(etcd: RolloutEtcd, document: unknown, name = ''): Promise<RolloutTrial> {
  const spec = checkedSpec(document);
  using connection = await connectAnyMember(etcd);
  const { rollouts } = await readRollouts(connection.client, etcd.cluster);
  const view = await readClusterView(connection.client, etcd.cluster, servicesOf([{ spec }]));
  const plan = planRolloutSteps(spec, { ...view, traffic: undefined });
  const others = rollouts.filter((other) => other.name !== name);
  const troubles = [
    others.length < rollouts.length ? nameTaken(name) : undefined,
    conflictOf(spec, plan.steps, others),
  ];
  return { ...plan, troubles: troubles.filter((trouble) => trouble !== undefined) };
}

/**
 * Starts a rollout; the leader among the nodes drives it.
 * @returns what it will do
 * @throws RolloutError ROLLOUT_INVALID, ROLLOUT_EXISTS, ROLLOUT_CONFLICT, ROLLOUT_NO_ETCD; what etcd says
 */
export async function startRollout(etcd: RolloutEtcd, name: string, document: unknown): Promise<RolloutPlan> {
  if (!isKeyPart(name)) {
    const why = 'is not a name that a key can hold: letters, digits, and . _ : [ ] -';
    throw new RolloutError('ROLLOUT_INVALID', `name: ${JSON.stringify(name)} ${why}`, { details: { field: 'name' } });
  }
  const spec = checkedSpec(document);
  using connection = await connectAnyMember(etcd);
  const { client } = connection;
  const { rollouts } = await readRollouts(client, etcd.cluster);
  const view = await readClusterView(client, etcd.cluster, servicesOf([{ spec }]));
  const plan = planRolloutSteps(spec, { ...view, traffic: undefined });
  const others = rollouts.filter((other) => other.name !== name);
  const conflict = conflictOf(spec, plan.steps, others);
  if (conflict !== undefined) throw new RolloutError('ROLLOUT_CONFLICT', conflict);
  const key = keyOf(etcd, name);
  if (await commitIf(client, [{ key, revision: '0' }], [{ key, text: JSON.stringify(document) }])) return plan;
  throw new RolloutError('ROLLOUT_EXISTS', nameTaken(name));
}

/** All of them, in the order in which they were started. @throws RolloutError ROLLOUT_NO_ETCD; what etcd says */
export async function listRollouts(etcd: RolloutEtcd): Promise<readonly Rollout[]> {
  using connection = await connectAnyMember(etcd);
  const { rollouts } = await readRollouts(connection.client, etcd.cluster);
  return rollouts.map(({ name, spec, status, statusProblem }) => ({
    ...{ name, spec, status },
    ...(statusProblem === undefined ? {} : { statusProblem }),
  }));
}

/**
 * `pause`: begins nothing more; `run`: goes on, after trouble too; `abort`: back to what was before.
 * @throws RolloutError ROLLOUT_UNKNOWN, ROLLOUT_STATE: it has ended or is being aborted, ROLLOUT_INVALID: it can't be
 *     read, ROLLOUT_NO_ETCD; what etcd says
 */
export async function setRolloutWish(etcd: RolloutEtcd, name: string, wish: RolloutWish): Promise<void> {
  using connection = await connectAnyMember(etcd);
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const found = rolloutNamed((await readRollouts(connection.client, etcd.cluster)).rollouts, name);
    const state = found.status?.state;
    if (state !== undefined && (isTerminal(state) || state === 'aborting')) {
      throw new RolloutError('ROLLOUT_STATE', `the rollout ${name} is ${state}; it takes no wish to ${wish} any more`);
    }
    if (found.spec === undefined) throw new RolloutError('ROLLOUT_INVALID', `rollouts/${name}: ${found.problem}`);
    const key = keyOf(etcd, name);
    const text = JSON.stringify({ ...(JSON.parse(found.text) as object), wish });
    if (await commitIf(connection.client, [{ key, revision: found.revision }], [{ key, text }])) return;
  }
  throw new RolloutError('ROLLOUT_STATE', `the rollout ${name} is written by others again and again; try once more`);
}

/**
 * Deletes a rollout that has ended, and its status.
 * @throws RolloutError ROLLOUT_UNKNOWN, ROLLOUT_STATE: it has not ended, ROLLOUT_NO_ETCD; what etcd says
 */
export async function deleteRollout(etcd: RolloutEtcd, name: string): Promise<void> {
  using connection = await connectAnyMember(etcd);
  const { rollouts } = await readRollouts(connection.client, etcd.cluster);
  const { status, statusProblem, revision, statusRevision } = rolloutNamed(rollouts, name);
  const isOver = status !== undefined && isTerminal(status.state);
  const key = keyOf(etcd, name);
  const statusKey = `${clusterPrefix(etcd.cluster)}rollout-status/${name}`;
  const guards = [
    { key, revision },
    { key: statusKey, revision: statusRevision },
  ];
  const changes = [
    { key, text: null },
    { key: statusKey, text: null },
  ];
  if (isOver && (await commitIf(connection.client, guards, changes))) return;
  const state = status?.state ?? (statusProblem === undefined ? 'about to begin' : `not understood: ${statusProblem}`);
  throw new RolloutError('ROLLOUT_STATE', `the rollout ${name} is ${state}; abort it and wait for its end first`);
}

function nameTaken(name: string): string {
  return `name: there is a rollout ${name}; choose another name, or delete it if it has ended`;
}

function checkedSpec(document: unknown): RolloutSpec {
  const parsed = parseRollout(document);
  if ('spec' in parsed) return parsed.spec;
  throw new RolloutError('ROLLOUT_INVALID', parsed.problem);
}

function keyOf({ cluster }: RolloutEtcd, name: string): string {
  return `${clusterPrefix(cluster)}rollouts/${name}`;
}
