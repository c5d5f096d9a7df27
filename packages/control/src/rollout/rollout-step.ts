import type { RolloutSpec } from './rollout-schema.js';
import type { RolloutStatus, RolloutStep } from './rollout-status.js';
import type { ClusterView, KeyWrite } from './rollout-view.js';

/** What a step looks at when it is asked what comes next. */
export interface StepScene {
  /** Of the rollout. */
  readonly name: string;
  readonly spec: RolloutSpec;
  readonly status: RolloutStatus;
  readonly view: ClusterView;
  /**
   * For how long the step has been at its stage, as counted by this leader; of one that is pending: has been next.
   * @param what  obstacle: for how long something has been in its way without a break, whatever it was
   */
  waitedMs(step: RolloutStep, what?: 'stage' | 'obstacle'): number;
}

/** What comes next for a step. Writes and the new status go into etcd together, or not at all. */
export type StepMove =
  | { readonly kind: 'go'; readonly step: RolloutStep; readonly writes: readonly KeyWrite[]; readonly note?: string }
  | { readonly kind: 'wait'; readonly step: RolloutStep; readonly why: string }
  | { readonly kind: 'trouble'; readonly step: RolloutStep; readonly why: string };

export function go(step: RolloutStep, writes: readonly KeyWrite[] = [], note?: string): StepMove {
  return { kind: 'go', step, writes, ...(note === undefined ? {} : { note }) };
}

/** Waits for an obstacle to go, and for longer than is allowed it is trouble. */
export function waitAtMost(scene: StepScene, step: RolloutStep, limitMs: number, why: string): StepMove {
  const waitedMs = scene.waitedMs(step, 'obstacle');
  if (waitedMs < limitMs) return { kind: 'wait', step, why };
  return { kind: 'trouble', step, why: `${why}, for ${Math.round(waitedMs / 1000)} s` };
}

/** The last part of the target: the name of the node or backend. */
export function nameOf({ target }: Pick<RolloutStep, 'target'>): string {
  return target.slice(target.lastIndexOf('/') + 1);
}

/** Begun, and neither done nor undone. */
export function isUnderWay({ stage }: RolloutStep): boolean {
  return stage !== 'pending' && stage !== 'done' && stage !== 'undone';
}

/** What the node repeats in its condition once it has done what the step wants. */
export function stepMark({ name }: StepScene, { id }: RolloutStep): string {
  return `${name}/${id}`;
}
