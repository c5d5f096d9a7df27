import type { Etcd3, IKeyValue } from 'etcd3';
import { clusterPrefix } from '../cluster/cluster-key.js';
import { issuesText, parseClusterEntry, parseJson } from '../cluster/cluster-value.js';
import type { NodeRecord } from '../cluster-config.js';
import { rangeEnd } from '../etcd/key-range.js';
import { RolloutError } from './rollout-error.js';
import { parseRollout, type RolloutSpec } from './rollout-schema.js';
import { type RolloutStatus, rolloutStatus } from './rollout-status.js';
import { type ClusterView, mappingOf, type ViewedKey } from './rollout-view.js';

/** A rollout as it stands in etcd. */
export interface StoredRollout {
  readonly name: string;
  /** Undefined: it is not right, and {@link problem} says why. */
  readonly spec: RolloutSpec | undefined;
  readonly problem: string | undefined;
  readonly text: string;
  readonly revision: string;
  readonly created: string;
  /** Undefined: no leader has looked at it yet, or it can't be read, and {@link statusProblem} says why. */
  readonly status: RolloutStatus | undefined;
  /** How far it is stands there, and is not understood: nobody may begin it anew. */
  readonly statusProblem: string | undefined;
  /** Of the status; 0: there is none. */
  readonly statusRevision: string;
}

/** What stands below `rollouts/` and `rollout-status/`. */
export interface StoredRollouts {
  /** At which they were read. */
  readonly revision: string;
  /** In the order in which they were made. */
  readonly rollouts: readonly StoredRollout[];
  /** Names of statuses whose rollout is gone, with their revisions. */
  readonly orphans: ReadonlyMap<string, string>;
}

/** @throws what etcd says */
export async function readRollouts(client: Etcd3, cluster: string): Promise<StoredRollouts> {
  const { revision, found } = await readPrefixes(client, cluster, ['rollouts/', 'rollout-status/']);
  const [specs, statuses] = found;
  const byName = new Map(statuses?.map((kv) => [kv.name, kv]));
  const rollouts = (specs ?? [])
    .sort((a, b) => Number(a.created) - Number(b.created))
    .map((kv) => storedRollout(kv, byName.get(kv.name)));
  const names = new Set(rollouts.map(({ name }) => name));
  const orphans = [...byName.values()].filter(({ name }) => !names.has(name));
  return { revision, rollouts, orphans: new Map(orphans.map(({ name, revision }) => [name, revision])) };
}

/** What rollouts look at: nodes, what is wanted of them, and the services named. @throws what etcd says */
export async function readClusterView(
  client: Etcd3,
  cluster: string,
  services: readonly string[],
): Promise<Omit<ClusterView, 'traffic'>> {
  const prefixes = ['nodes/', 'node-states/', 'settings/', ...services.map((service) => `backends/${service}/`)];
  // A prefix is not a key: services are read one by one, so that "web" is not "web2" too.
  const { found } = await readPrefixes(
    client,
    cluster,
    prefixes,
    services.map((service) => `services/${service}`),
  );
  const nodes = new Map<string, NodeRecord>();
  const keys = new Map<string, ViewedKey>();
  for (const { key, text, revision, isLeased } of found.flat()) {
    const entry = key.startsWith('nodes/') ? parseClusterEntry(key, text) : undefined;
    if (entry?.kind === 'node') nodes.set(entry.value.name, entry.value);
    else if (entry === undefined) keys.set(key, { text, revision, isLeased });
  }
  return { nodes, keys };
}

/** @throws RolloutError ROLLOUT_UNKNOWN, which says which there are */
export function rolloutNamed(rollouts: readonly StoredRollout[], name: string): StoredRollout {
  const found = rollouts.find((rollout) => rollout.name === name);
  if (found !== undefined) return found;
  const names = rollouts.map((rollout) => rollout.name).join(', ') || 'none';
  throw new RolloutError('ROLLOUT_UNKNOWN', `there is no rollout ${JSON.stringify(name)}; there are: ${names}`);
}

/** Services whose backends rollouts replace; also those of steps whose document is not right any more. */
export function servicesOf(
  rollouts: readonly { readonly spec?: RolloutSpec | undefined; readonly status?: RolloutStatus | undefined }[],
): string[] {
  const named = rollouts.flatMap(({ spec }) => (spec?.kind === 'replace-backends' ? [spec.service] : []));
  const targets = rollouts.flatMap(({ status }) => status?.steps.map(({ target }) => target.split('/')) ?? []);
  const changed = targets.flatMap(([kind, service]) => (kind === 'backends' && service !== undefined ? [service] : []));
  return [...new Set([...named, ...changed])];
}

interface ReadKey extends ViewedKey {
  readonly key: string;
  /** The last part of the key. */
  readonly name: string;
  readonly created: string;
}

/** All at one revision. */
async function readPrefixes(
  client: Etcd3,
  cluster: string,
  prefixes: readonly string[],
  keys: readonly string[] = [],
): Promise<{ readonly revision: string; readonly found: ReadKey[][] }> {
  const whole = clusterPrefix(cluster);
  const ranges = prefixes.map((prefix) => ({
    request_range: { key: Buffer.from(`${whole}${prefix}`), range_end: rangeEnd(`${whole}${prefix}`) },
  }));
  const singles = keys.map((key) => ({ request_range: { key: Buffer.from(`${whole}${key}`) } }));
  const { header, responses } = await client.kv.txn({ compare: [], success: [...ranges, ...singles], failure: [] });
  const found = responses.map(({ response_range }) => (response_range?.kvs ?? []).map((kv) => readKey(kv, whole)));
  return { revision: header.revision, found };
}

function readKey({ key, value, lease, create_revision, mod_revision }: IKeyValue, whole: string): ReadKey {
  const own = key.toString().slice(whole.length);
  return {
    key: own,
    name: own.slice(own.lastIndexOf('/') + 1),
    text: value.toString(),
    revision: mod_revision,
    created: create_revision,
    isLeased: lease !== '0',
  };
}

function storedRollout({ name, text, revision, created }: ReadKey, found: ReadKey | undefined): StoredRollout {
  return {
    ...checked(text),
    ...(found === undefined ? { status: undefined, statusProblem: undefined } : checkedStatus(found.text, created)),
    name,
    text,
    revision,
    created,
    statusRevision: found?.revision ?? '0',
  };
}

function checked(text: string): Pick<StoredRollout, 'spec' | 'problem'> {
  const parsed = parseJson(text);
  if ('problem' in parsed) return { spec: undefined, problem: `it ${parsed.problem}` };
  return { spec: undefined, problem: undefined, ...parseRollout(parsed.json) };
}

/** @param created  of the rollout: a status of another one of its name is as if there were none */
function checkedStatus(text: string, created: string): Pick<StoredRollout, 'status' | 'statusProblem'> {
  const parsed = parseJson(text);
  if ('problem' in parsed) return { status: undefined, statusProblem: `it ${parsed.problem}` };
  const isOfAnother = typeof mappingOf(text).created === 'string' && mappingOf(text).created !== created;
  if (isOfAnother) return { status: undefined, statusProblem: undefined };
  const { data, error } = rolloutStatus.safeParse(parsed.json);
  const statusProblem = error === undefined ? undefined : issuesText(error, parsed.json, rolloutStatus);
  return { status: data, statusProblem };
}
