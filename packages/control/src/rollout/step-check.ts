import type { RolloutSpec } from './rollout-schema.js';
import type { RolloutStep } from './rollout-status.js';
import { go, isUnderWay, nameOf, type StepMove, type StepScene, waitAtMost } from './rollout-step.js';
import { brokenPart, type ClusterView } from './rollout-view.js';

/** Why a step can't begin yet: the cluster is not whole, or traffic has not been looked at. */
export function obstacleBefore(scene: StepScene, step: RolloutStep): StepMove | undefined {
  const { spec, view } = scene;
  const broken = brokenPart(view, watchedNodes(scene, step));
  if (broken !== undefined) return waitAtMost(scene, step, spec.stepTimeout, `the cluster is not whole: ${broken}`);
  if (spec.checkFor > 0 && view.traffic === undefined) return { kind: 'wait', step, why: 'looks at traffic' };
  return undefined;
}

/** At the end of a step: is the cluster whole, does traffic flow, and are there no more errors than before? */
export function checkAfter(scene: StepScene, step: RolloutStep): StepMove {
  const { spec, view } = scene;
  const isOut = step.change === 'drain' || !step.target.startsWith('nodes/');
  const names = [...watchedNodes(scene, step), ...(isOut ? [] : [nameOf(step)])];
  const broken = brokenPart(view, names);
  if (broken !== undefined) {
    return waitAtMost(scene, step, spec.stepTimeout, `the cluster is not whole after the step: ${broken}`);
  }
  if (spec.checkFor > 0 && (scene.waitedMs(step) < spec.checkFor || view.traffic === undefined)) {
    return { kind: 'wait', step, why: 'looks at traffic after the step' };
  }
  const harm = harmDone(spec, view, step);
  return harm === undefined ? go({ ...step, stage: 'done' }) : { kind: 'trouble', step, why: harm };
}

/** Nodes that must be well: those of the start, without those that steps have to do with or have taken out. */
function watchedNodes({ status }: StepScene, step: RolloutStep): string[] {
  const excused = new Set(
    status.steps
      .filter(
        (other) => other.id === step.id || isUnderWay(other) || (other.change === 'drain' && other.stage === 'done'),
      )
      .map(({ target }) => target),
  );
  return status.nodes.filter((name) => !excused.has(`nodes/${name}`));
}

/** Fewer packets a second than that may all be missing for a while, as they are at night. */
const FLOWING_MIN = 10;
/** Nodes do not tell their counts at the same moments, so the same errors can look like so many times as many. */
const ERRORS_NOISE = 1.5;

function harmDone({ errorBudget }: RolloutSpec, { traffic }: ClusterView, { before }: RolloutStep): string | undefined {
  if (traffic === undefined || before === undefined) return undefined;
  if (before.packets >= FLOWING_MIN && traffic.packets === 0) {
    return `traffic has stopped: there were ${rateText(before.packets)} packets a second before the step`;
  }
  if (traffic.errors <= before.errors * ERRORS_NOISE + errorBudget) return undefined;
  return `errors have risen from ${rateText(before.errors)} to ${rateText(traffic.errors)} a second; errorBudget is ${errorBudget}`;
}

function rateText(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : String(Math.round(rate));
}
