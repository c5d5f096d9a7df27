import type { ClusterLog } from '../cluster/cluster-log.js';
import type { RolloutMove } from './next-rollout-status.js';
import type { StoredRollout } from './read-rollouts.js';
import type { RolloutStatus } from './rollout-status.js';

/** One line for each thing that a move has changed. */
export function tellMove(logger: ClusterLog, { name, status: before }: StoredRollout, move: RolloutMove): void {
  const { status, note } = move;
  if (note !== undefined) logger.warn({ event: 'rollout.note', rollout: name }, `rollout ${name}: ${note}`);
  tellSteps(logger, name, before, status);
  if (before?.state === status.state) return;
  const details = { event: eventOf(before, status), rollout: name };
  const why = status.reason === undefined ? '' : `: ${status.reason}`;
  const message = `rollout ${name} is ${status.state}${why}`;
  if (status.state === 'failed' || status.pausedAt !== undefined) logger.error(details, message);
  else logger.info(details, message);
}

function tellSteps(logger: ClusterLog, rollout: string, before: RolloutStatus | undefined, after: RolloutStatus): void {
  const stages = new Map(before?.steps.map(({ id, stage }) => [id, stage]));
  for (const { id, target, stage, change } of after.steps) {
    if (before === undefined || stages.get(id) === stage) continue;
    const details = { event: 'rollout.step', rollout, step: id, target, change, stage };
    const place = `step ${id} of ${after.steps.length}`;
    logger.info(details, `rollout ${rollout}, ${place}: ${change} ${target} is ${stage}`);
  }
}

/** Stable names, for those who search logs. */
function eventOf(before: RolloutStatus | undefined, { state }: RolloutStatus): string {
  if (state !== 'running') return `rollout.${state}`;
  return before === undefined ? 'rollout.started' : 'rollout.resumed';
}
