import { followedName } from './backend-step.js';
import type { StoredRollout } from './read-rollouts.js';
import { isTerminal } from './rollout-status.js';

/** What rollouts ask of every node at the moment. */
export interface RolloutActivity {
  readonly rolling: boolean;
  readonly followedBackends: readonly string[];
}

export function rolloutActivity(rollouts: readonly StoredRollout[]): RolloutActivity {
  const open = rollouts.filter(({ status }) => status === undefined || !isTerminal(status.state));
  const steps = open.flatMap(({ status, spec }) => (spec?.kind === 'replace-backends' ? (status?.steps ?? []) : []));
  return { rolling: open.length > 0, followedBackends: [...new Set(steps.map(followedName))].sort() };
}
