import type { NodeCondition, NodeRecord } from '../cluster-config.js';
import type { TrafficRate } from './rollout-status.js';

/** A key as it was read. */
export interface ViewedKey {
  readonly text: string;
  /** Of its newest value. */
  readonly revision: string;
  /** It goes when somebody stops prolonging its lease. */
  readonly isLeased: boolean;
}

/** The cluster at one revision, as far as a rollout looks at it. */
export interface ClusterView {
  /** Registered ones, by name. */
  readonly nodes: ReadonlyMap<string, NodeRecord>;
  /** `node-states/*`, `settings/nodes`, and of the services in question `services/NAME` and `backends/NAME/*`. */
  readonly keys: ReadonlyMap<string, ViewedKey>;
  /** Of the last `checkFor`; undefined until it has been looked at for so long. */
  readonly traffic: TrafficRate | undefined;
}

/** What a key is to say; null: it is to be gone. */
export interface KeyWrite {
  /** Without the prefix of the cluster. */
  readonly key: string;
  readonly text: string | null;
}

/** What a key says; undefined: there is none. */
export function textOf({ keys }: Pick<ClusterView, 'keys'>, key: string): string | undefined {
  return keys.get(key)?.text;
}

/** What somebody wants of a node, or what the node says of itself where nobody wants anything. */
export function isActive(view: ClusterView, name: string): boolean {
  return view.nodes.get(name)?.state === 'active' && wantedState(view, name) !== 'draining';
}

/** @returns of `node-states/NAME`; undefined: nothing, or nothing that is right */
export function wantedState(view: Pick<ClusterView, 'keys'>, name: string): 'active' | 'draining' | undefined {
  const { state } = mappingOf(textOf(view, `node-states/${name}`)) as { state?: 'active' | 'draining' };
  return state;
}

/** JSON of a mapping; anything else is an empty one. */
export function mappingOf(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

/**
 * Why the cluster is not whole: the first of its nodes that is away, has lost a session, has other tables than
 * those of its version, or lags behind.
 * @param names  of nodes that must be there
 */
export function brokenPart(view: ClusterView, names: readonly string[]): string | undefined {
  // Another version may make another digest of the same tables.
  const tablesOf = new Map<string, { readonly digest: string; readonly name: string }>();
  for (const name of names) {
    const record = view.nodes.get(name);
    if (record === undefined) return `${name} is not registered`;
    const { condition } = record;
    if (condition === undefined) return `${name} (version ${record.version}) says nothing of its condition`;
    const problem = conditionProblem(condition);
    if (problem !== undefined) return `${name} ${problem}`;
    const tables = tablesOf.get(record.version) ?? { digest: condition.tables, name };
    tablesOf.set(record.version, tables);
    if (tables.digest !== condition.tables) return `${name} has other tables than ${tables.name}`;
  }
  return undefined;
}

function conditionProblem({ sessions, replication }: NodeCondition): string | undefined {
  if (sessions.up < sessions.configured) return `has ${sessions.up} of ${sessions.configured} sessions up`;
  return replication === 'behind' ? 'is behind with its replication' : undefined;
}
