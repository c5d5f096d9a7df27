import type { NodeRecord } from '../cluster-config.js';
import { type NodeConfig, nodeConfigOf } from '../node-config.js';
import type { NodeDocument } from '../node-schema.js';
import { applySettings } from './apply-settings.js';
import { Candidates } from './candidates.js';
import { type Composition, composeServices, inOrderOfKeys } from './compose-services.js';
import { compositionProblems } from './composition-problems.js';
import { EntryCache } from './entry-cache.js';
import { inOrder } from './node-records.js';

/** What weir.yaml and the keys of a cluster come to. */
export interface MergedCluster {
  readonly config: NodeConfig;
  /** The same as one document. */
  readonly document: NodeDocument;
  /** Keys that are not in force as they are, with field, value and what is wrong. */
  readonly skipped: ReadonlyMap<string, string>;
  /** Keys that are right, and wait for others. */
  readonly waiting: ReadonlyMap<string, string>;
  /** Texts of the keys that are in force: the last good ones of the next merge. */
  readonly good: ReadonlyMap<string, string>;
  /** By name. */
  readonly nodes: readonly NodeRecord[];
}

/** One rejected key may uncover another; after so many rounds all that was in force before stands in at once. */
const ROUNDS_MAX = 32;

/**
 * weir.yaml and the keys of a cluster, as one configuration. A key that is wrong, for itself or beside the others, is
 * skipped, and its last good text stands in for it; it never takes others down.
 *
 * @param document  weir.yaml, checked as a whole
 * @param keys      without the prefix of the cluster, in the order in which they were made
 * @param lastGood  what was in force before
 * @param cache     what the keys were found to mean before
 */
export function mergeCluster(
  document: NodeDocument,
  keys: ReadonlyMap<string, string>,
  lastGood: ReadonlyMap<string, string>,
  cache: EntryCache = new EntryCache(),
): MergedCluster {
  const candidates = new Candidates(keys, lastGood, cache);
  const withSettings = applySettings(document, candidates);
  const { services, waiting } = soundComposition(withSettings, candidates);
  const merged = { ...withSettings, services: services.map(({ service }) => service) };
  return {
    config: withRollout(nodeConfigOf(merged), candidates),
    document: merged,
    skipped: candidates.skipped,
    waiting,
    good: candidates.texts,
    nodes: nodeRecords(candidates),
  };
}

function soundComposition(document: NodeDocument, candidates: Candidates): Composition {
  // It ends: once the last good ones stand in, a key that is rejected is gone.
  for (let round = 1; ; round++) {
    if (round === ROUNDS_MAX) candidates.restoreLastGood('is one of many changes that contradict each other');
    const composition = composeServices(document, candidates);
    const problems = compositionProblems(document, composition, candidates);
    if (problems.length === 0) return inOrderOfKeys(composition);
    // The first problem of each: what takes its place has none of the others, as far as is known.
    for (const [key, problem] of new Map(problems.toReversed().map((found) => [found.key, found.problem])))
      candidates.reject(key, problem);
  }
}

function nodeRecords(candidates: Candidates): readonly NodeRecord[] {
  return inOrder([...candidates.entries.values()].flatMap((entry) => (entry.kind === 'node' ? [entry.value] : [])));
}

/** What a rollout wants of this node stands beside its state. */
function withRollout(config: NodeConfig, { entries }: Candidates): NodeConfig {
  const entry = entries.get(`node-states/${config.node.name}`);
  if (entry?.kind !== 'node-state') return config;
  const { step, restart } = entry.value;
  if (step === undefined && restart === undefined) return config;
  const rollout = {
    ...(step === undefined ? {} : { step }),
    ...(restart === undefined ? {} : { restartInstance: restart }),
  };
  return Object.freeze({ ...config, rollout: Object.freeze(rollout) });
}
