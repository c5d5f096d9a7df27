import type { StoredRollout } from './read-rollouts.js';
import type { RolloutSpec } from './rollout-schema.js';
import { isTerminal, type PlannedRolloutStep } from './rollout-status.js';

/**
 * Which other rollout that has not ended changes the same nodes or the same service, as a sentence.
 * @param others  those that nobody has looked at yet can't be in the way: they will be judged after this one
 */
export function conflictOf(
  spec: RolloutSpec,
  steps: readonly PlannedRolloutStep[],
  others: readonly StoredRollout[],
): string | undefined {
  const own = new Set(touched(spec, steps));
  for (const { name, spec: other, status, statusProblem } of others) {
    if (statusProblem !== undefined) {
      return `what the rollout ${name} has changed is not known: rollout-status/${name}: ${statusProblem}; mend or delete it`;
    }
    if (status === undefined || isTerminal(status.state)) continue;
    const both = touched(other, status.steps).find((target) => own.has(target));
    if (both !== undefined) {
      return `${both} is changed by the rollout ${name}, which is ${status.state}; wait for its end, or abort it`;
    }
  }
  return undefined;
}

function touched(spec: RolloutSpec | undefined, steps: readonly PlannedRolloutStep[]): string[] {
  const targets = steps.map(({ target }) => target);
  return spec?.kind === 'replace-backends' ? [`services/${spec.service}`, ...targets] : targets;
}
