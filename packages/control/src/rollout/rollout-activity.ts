import { followedName } from './backend-step.js';
import type { StoredRollout } from './read-rollouts.js';
import { isTerminal, type RolloutState } from './rollout-status.js';
import { isUnderWay } from './rollout-step.js';

/** What rollouts ask of every node at the moment. */
export interface RolloutActivity {
  readonly rolling: boolean;
  readonly followedBackends: readonly string[];
}

/** One that is paused or not understood asks for nothing until it goes on, and backends are followed while a step is at them. */
export function rolloutActivity(rollouts: readonly StoredRollout[]): RolloutActivity {
  const moving = rollouts.filter(({ status, statusProblem }) =>
    status === undefined ? statusProblem === undefined : isMoving(status.state),
  );
  const steps = moving.flatMap(({ status, spec }) => (spec?.kind === 'replace-backends' ? (status?.steps ?? []) : []));
  const followed = steps.filter(isUnderWay).map(followedName);
  return { rolling: moving.length > 0, followedBackends: [...new Set(followed)].sort() };
}

function isMoving(state: RolloutState): boolean {
  return !isTerminal(state) && state !== 'paused';
}
