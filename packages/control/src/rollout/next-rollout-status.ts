import { advanceBackendStep, beginBackendStep, undoBackendStep } from './backend-step.js';
import { advanceNodeStep, beginNodeStep, undoNodeStep } from './node-step.js';
import { misfitOf } from './rollout-fit.js';
import { defaultLimits, type RolloutSpec } from './rollout-schema.js';
import { isTerminal, type RolloutStatus, type RolloutStep } from './rollout-status.js';
import { isUnderWay, type StepMove, type StepScene } from './rollout-step.js';
import type { ClusterView, KeyWrite } from './rollout-view.js';

/** A rollout, and what is known of the cluster. */
export interface RolloutScene {
  readonly name: string;
  /** Undefined: what `rollouts/NAME` says now is not right, and {@link problem} says why. */
  readonly spec: RolloutSpec | undefined;
  readonly problem: string | undefined;
  /** Of the newest value of `rollouts/NAME`. */
  readonly specRevision: string;
  readonly status: RolloutStatus;
  readonly view: ClusterView;
  readonly waitedMs: StepScene['waitedMs'];
}

/** What is to be written next: the status and the keys together, or neither. */
export interface RolloutMove {
  readonly status: RolloutStatus;
  readonly writes: readonly KeyWrite[];
  /** What a log should tell of it. */
  readonly note?: string;
}

/**
 * What comes next for a rollout: at most one step moves, so that each looks at what the one before has done.
 * @returns the same status and no writes: nothing for now
 */
export function nextRolloutStatus(scene: RolloutScene): RolloutMove {
  const { status, spec } = scene;
  if (isTerminal(status.state)) return stay(status);
  if (spec === undefined) return withoutSpec(scene);
  const ready = { ...scene, spec };
  if (status.state === 'aborting') return undo(ready);
  if (spec.wish === 'abort') return stay({ ...bare(status), state: 'aborting' });
  if (spec.wish === 'pause') {
    return status.state === 'paused' ? stay(status) : stay({ ...bare(status), state: 'paused', reason: 'as wished' });
  }
  if (status.state === 'paused') {
    const isStopped = status.pausedAt === scene.specRevision;
    return isStopped ? stay(status) : stay({ ...bare(status), state: 'running' });
  }
  return run(ready);
}

/** One that is right. */
interface ReadyScene extends RolloutScene {
  readonly spec: RolloutSpec;
}

/** An abort goes on: what it is to put back stands in the status. Anything else pauses until the document is right. */
function withoutSpec(scene: RolloutScene): RolloutMove {
  const { name, status, problem, specRevision } = scene;
  const reason = `rollouts/${name}: ${problem}`;
  if (status.state === 'aborting') {
    const move = undo({ ...scene, spec: defaultLimits });
    const isOver = isTerminal(move.status.state);
    return isOver ? move : { ...move, status: { ...move.status, reason: `${reason}; goes on with default limits` } };
  }
  if (status.state === 'paused' && status.reason === reason) return stay(status);
  return stay({ ...bare(status), state: 'paused', reason, pausedAt: specRevision });
}

function run(scene: ReadyScene): RolloutMove {
  const { status } = scene;
  // Steps that are put back have no way forward any more.
  if (status.steps.some(({ stage }) => stage === 'undoing' || stage === 'undone')) {
    return stay({ ...bare(status), state: 'aborting' });
  }
  const misfit = misfitOf(scene.spec, status);
  if (misfit !== undefined) return pausedBy(scene, [], misfit);
  const underWay = status.steps.filter(isUnderWay);
  const moves = underWay.map((step) =>
    isOfNode(step) ? advanceNodeStep(scene, step) : advanceBackendStep(scene, step),
  );
  const pending = status.steps.find(({ stage }) => stage === 'pending');
  const mayBegin = underWay.length < status.atOnce && !moves.some(({ kind }) => kind !== 'wait');
  if (pending !== undefined && mayBegin) {
    moves.push(isOfNode(pending) ? beginNodeStep(scene, pending) : beginBackendStep(scene, pending));
  }
  const trouble = moves.find(({ kind }) => kind === 'trouble');
  if (trouble?.kind === 'trouble' && scene.spec.pauseOnTrouble) return pausedBy(scene, moves, trouble.why);
  return commit(status, moves, 'done');
}

/** The last first. A step of a rollout that is being aborted has a limit, so this ends. */
function undo(scene: ReadyScene): RolloutMove {
  const { status } = scene;
  const undoOf = (step: RolloutStep) => (isOfNode(step) ? undoNodeStep(scene, step) : undoBackendStep(scene, step));
  const steps = status.steps.filter(({ stage }) => stage !== 'undone').toReversed();
  const underWay = steps.filter(({ stage }) => stage === 'undoing');
  const others = [...steps].filter(({ stage }) => stage !== 'undoing').sort(byFormerState);
  const moves = underWay.map(undoOf);
  if (underWay.length < status.atOnce && !moves.some(({ kind }) => kind !== 'wait')) {
    moves.push(...others.slice(0, 1).map(undoOf));
  }
  return commit(status, moves, 'aborted');
}

function isOfNode({ target }: RolloutStep): boolean {
  return target.startsWith('nodes/');
}

/** Nodes that were active come back before others leave. */
function byFormerState(a: RolloutStep, b: RolloutStep): number {
  return Number(a.formerState === 'draining') - Number(b.formerState === 'draining');
}

function commit(status: RolloutStatus, moves: readonly StepMove[], end: 'done' | 'aborted'): RolloutMove {
  const going = moves.find(({ kind }) => kind === 'go');
  const waiting = moves.flatMap((move) => (move.kind === 'go' ? [] : [move.why]));
  const steps = withSteps(status, going === undefined ? moves.map(({ step }) => step) : [going.step]);
  const isOver = steps.every(({ stage }) => stage === (end === 'done' ? 'done' : 'undone'));
  const next: RolloutStatus = {
    ...bare(status),
    steps,
    ...(isOver ? { state: end } : waiting.length > 0 ? { waiting: waiting.join('; ') } : {}),
  };
  if (going?.kind !== 'go') return stay(next);
  const { writes, note } = going;
  return { status: next, writes, ...(note === undefined ? {} : { note }) };
}

function pausedBy({ status, specRevision }: RolloutScene, moves: readonly StepMove[], why: string): RolloutMove {
  const steps = withSteps(
    status,
    moves.flatMap((move) => (move.kind === 'go' ? [] : [move.step])),
  );
  return stay({ ...bare(status), steps, state: 'paused', reason: why, pausedAt: specRevision });
}

function withSteps({ steps }: RolloutStatus, changed: readonly RolloutStep[]): RolloutStep[] {
  const byId = new Map(changed.map((step) => [step.id, step]));
  return steps.map((step) => byId.get(step.id) ?? step);
}

/** Without what holds of a moment alone. */
function bare({ reason: _reason, waiting: _waiting, pausedAt: _at, ...status }: RolloutStatus): RolloutStatus {
  return status;
}

function stay(status: RolloutStatus): RolloutMove {
  return { status, writes: [] };
}
