import { learnMsOf } from './connection-memory.js';
import type { BackendJson, BackendsSpec } from './rollout-schema.js';
import type { RolloutStep } from './rollout-status.js';
import { go, nameOf, type StepMove, type StepScene, waitAtMost } from './rollout-step.js';
import { type ClusterView, type KeyWrite, mappingOf, textOf } from './rollout-view.js';
import { checkAfter, obstacleBefore } from './step-check.js';

/** The first thing that is done to a backend. */
export function beginBackendStep(scene: StepScene, step: RolloutStep): StepMove {
  const { view } = scene;
  const obstacle =
    obstacleBefore(scene, step) ?? (step.change === 'remove-backend' ? tooEarly(scene, step) : undefined);
  if (obstacle !== undefined) return obstacle;
  const former = textOf(view, step.target) ?? null;
  const begun = { ...step, former, ...(view.traffic === undefined ? {} : { before: view.traffic }) };
  if (step.change === 'add-backend') return go({ ...begun, stage: 'filling' }, [joining(scene, step)]);
  // Somebody else took it away.
  if (former === null) return go({ ...step, stage: 'done' });
  return go({ ...begun, stage: 'draining' }, [leaving(scene, step)]);
}

/** What comes next for a backend that a step is at. */
export function advanceBackendStep(scene: StepScene, step: RolloutStep): StepMove {
  switch (step.stage) {
    case 'filling':
      return fill(scene, step);
    case 'draining':
      return empty(scene, step, (counted, note) =>
        go({ ...counted, stage: 'checking' }, [{ key: step.target, text: null }], note),
      );
    default:
      return checkAfter(scene, step);
  }
}

/** Back to what the backend was before: those that left come back before those that joined leave. */
export function undoBackendStep(scene: StepScene, step: RolloutStep): StepMove {
  if (step.former === undefined) return go({ ...step, stage: 'undone' });
  const former = { key: step.target, text: step.former };
  if (step.former !== null) return restore(scene, step, former);
  if (step.stage === 'undoing') {
    return empty(scene, step, (counted, note) => go({ ...counted, stage: 'undone' }, [former], note));
  }
  const isBefore = scene.status.steps.some(
    (other) => other.change === 'remove-backend' && other.stage !== 'undone' && other.stage !== 'pending',
  );
  if (isBefore) return { kind: 'wait', step, why: `${step.target} stays until the former backends are back` };
  if (textOf(scene.view, step.target) === undefined) return go({ ...step, stage: 'undone' });
  return go({ ...step, stage: 'undoing' }, [leaving(scene, step)]);
}

function restore(scene: StepScene, step: RolloutStep, former: KeyWrite): StepMove {
  if (step.stage !== 'undoing') return go({ ...step, stage: 'undoing' }, [former]);
  const why = unusableAt(scene.view, step);
  if (why === undefined) return go({ ...step, stage: 'undone' });
  return scene.waitedMs(step) < scene.spec.stepTimeout
    ? { kind: 'wait', step, why }
    : go({ ...step, stage: 'undone' }, [], `${why}; its key is as before, though`);
}

/** Old backends leave when the new ones are there, and never the last that takes connections. */
function tooEarly({ view, status }: StepScene, step: RolloutStep): StepMove | undefined {
  const joining = status.steps.find((other) => other.change === 'add-backend' && other.stage !== 'done');
  if (joining !== undefined) {
    return { kind: 'wait', step, why: `${step.target} stays until ${joining.target} has been added` };
  }
  const prefix = step.target.slice(0, step.target.lastIndexOf('/') + 1);
  const isLast = ![...view.keys].some(
    ([key, { text }]) => key.startsWith(prefix) && key !== step.target && takesNew(text),
  );
  const why = `${step.target} is the last backend that takes connections; add another first`;
  return isLast ? { kind: 'trouble', step, why } : undefined;
}

function takesNew(text: string): boolean {
  const { weight = 1, state = 'active' } = mappingOf(text);
  return weight !== 0 && (state === 'active' || state === 'filling');
}

function fill(scene: StepScene, step: RolloutStep): StepMove {
  const { view } = scene;
  const spec = scene.spec as BackendsSpec;
  const fillMs = hasSecondChance(view, step) ? spec.fillFor : 0;
  const why = unusableAt(view, step);
  const waitedMs = scene.waitedMs(step);
  if (why !== undefined) return waitAtMost(scene, step, spec.stepTimeout, why);
  if (waitedMs < fillMs) {
    return { kind: 'wait', step, why: `${step.target} fills for ${spec.fillFor / 1000} s` };
  }
  const text = JSON.stringify(wantedBackend(spec, step));
  const isThere = textOf(view, step.target) === text;
  return go({ ...step, stage: 'checking' }, isThere ? [] : [{ key: step.target, text }]);
}

/** Waits until no node has a connection to it left, or until the limit; for those that nobody knows of, if they may break, not. */
function empty(scene: StepScene, step: RolloutStep, end: (step: RolloutStep, note?: string) => StepMove): StepMove {
  const { view } = scene;
  const spec = scene.spec as BackendsSpec;
  const waitedMs = scene.waitedMs(step);
  const connections = connectionsTo(view, step);
  const counted = connections === undefined ? step : { ...step, connections };
  const isEmpty = connections === 0 || (connections === undefined && spec.mayBreakConnections);
  // Nodes may not yet know that it takes no more, nor of the connections that it has.
  if (isEmpty && waitedMs >= Math.max(spec.checkFor, learnMsOf(serviceText(view, step)))) return end(counted);
  const why =
    connections === undefined
      ? `not all nodes know how many connections ${step.target} has left`
      : `${step.target} has ${connections} connections left`;
  if (waitedMs < spec.drainTimeout) return { kind: 'wait', step: counted, why };
  return end(counted, `${why} after ${spec.drainTimeout / 1000} s, the limit; goes on`);
}

/** Undefined: a node does not say, or does not know. */
function connectionsTo({ nodes }: ClusterView, step: RolloutStep): number | undefined {
  let sum = 0;
  for (const { condition } of nodes.values()) {
    const connections = condition?.followed?.[followedName(step)]?.connections;
    if (connections === undefined) return undefined;
    sum += connections;
  }
  return sum;
}

function unusableAt({ nodes }: ClusterView, step: RolloutStep): string | undefined {
  const blind = [...nodes.values()].find(({ condition }) => condition?.followed?.[followedName(step)]?.usable !== true);
  if (blind !== undefined) return `${step.target} is not usable at ${blind.name}`;
  return nodes.size === 0 ? 'no node is registered' : undefined;
}

/** As in `condition.followed`: `SERVICE/BACKEND`. */
export function followedName({ target }: Pick<RolloutStep, 'target'>): string {
  return target.slice('backends/'.length);
}

/** With second chance it fills first: new connections go to it, and old ones are found at the second choice. */
function joining({ spec, view }: StepScene, step: RolloutStep): KeyWrite {
  const backend = wantedBackend(spec as BackendsSpec, step);
  const isFilling = hasSecondChance(view, step) && textOf(view, step.target) === undefined;
  return { key: step.target, text: JSON.stringify(isFilling ? { ...backend, state: 'filling' } : backend) };
}

function leaving({ view }: StepScene, step: RolloutStep): KeyWrite {
  const current = mappingOf(textOf(view, step.target));
  const how = hasSecondChance(view, step) ? { state: 'draining' } : { weight: 0 };
  return { key: step.target, text: JSON.stringify({ ...current, ...how }) };
}

function wantedBackend({ backends }: BackendsSpec, step: RolloutStep): BackendJson {
  return backends[nameOf(step)] as BackendJson;
}

function hasSecondChance(view: ClusterView, step: RolloutStep): boolean {
  return mappingOf(serviceText(view, step)).secondChance !== undefined;
}

function serviceText(view: ClusterView, step: RolloutStep): string | undefined {
  const [service] = followedName(step).split('/');
  return textOf(view, `services/${service}`);
}
