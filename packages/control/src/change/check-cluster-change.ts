import { keyProblems } from '../cluster/cluster-value.js';
import type { MergedCluster } from '../cluster/merge-cluster.js';
import { type ConfigProblem, InvalidConfigError } from '../config-error.js';

/** Keys with their texts before and after a change, and what they come to beside weir.yaml. */
export interface ClusterChange {
  /** What the change is about: its problems have paths, those of others are told in words. */
  readonly key: string;
  /** Undefined: goes. */
  readonly text: string | undefined;
  readonly before: MergedCluster;
  readonly after: () => MergedCluster;
}

/**
 * What the keys of the cluster come to, if none is skipped that is in force now, nor the changed one.
 * @throws {InvalidConfigError} paths begin at the entry
 */
export function checkClusterChange({ key, text, before, after }: ClusterChange): MergedCluster {
  const ofKey = text === undefined ? [] : keyProblems(key, text);
  if (ofKey.length > 0) throw new InvalidConfigError(key, ofKey);
  const merged = after();
  const skipped = [...merged.skipped].filter(([name, problem]) => name === key || before.skipped.get(name) !== problem);
  const problems = skipped.map(([name, problem]) => (name === key ? placed(problem) : ofOther(name, problem)));
  if (problems.length > 0) throw new InvalidConfigError(key, problems);
  return merged;
}

/** Problems between keys are told as `backends[0].address: what is wrong`. */
function placed(problem: string): ConfigProblem {
  const [, path = '', message = problem] = /^([A-Za-z]\w*(?:\.\w+|\[\d+\])*): ([\s\S]*)$/.exec(problem) ?? [];
  return { path, message, line: 1 };
}

function ofOther(key: string, problem: string): ConfigProblem {
  return { path: '', message: `with it, ${key}: ${problem}`, line: 1 };
}
