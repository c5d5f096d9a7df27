import type { NodeRecord } from '../cluster-config.js';
import { isOwner, memberStateOf, memberWrites } from './node-membership.js';
import type { RolloutStep } from './rollout-status.js';
import { go, isUnderWay, nameOf, type StepMove, type StepScene, stepMark, waitAtMost } from './rollout-step.js';
import { isActive, type KeyWrite, mappingOf, textOf, wantedState } from './rollout-view.js';
import { checkAfter, obstacleBefore } from './step-check.js';

interface NodeWish {
  readonly state: 'active' | 'draining';
  readonly restart?: string;
}

/** The first thing that is done to a node. */
export function beginNodeStep(scene: StepScene, step: RolloutStep): StepMove {
  const { spec, view } = scene;
  const name = nameOf(step);
  const record = view.nodes.get(name);
  if (record === undefined) return waitAtMost(scene, step, spec.stepTimeout, `${name} is not registered`);
  if (step.change === 'upgrade' && spec.kind === 'upgrade-nodes' && record.version === spec.version) {
    return go({ ...step, stage: 'done' }, [], `${name} has version ${record.version} already`);
  }
  const obstacle = obstacleBefore(scene, step) ?? lastActive(scene, step);
  if (obstacle !== undefined) return obstacle;
  const member = memberStateOf(view, name);
  const begun: RolloutStep = {
    ...step,
    former: textOf(view, stateKey(name)) ?? null,
    formerState: record.state === 'draining' ? 'draining' : 'active',
    instance: record.instance,
    ...(member === undefined ? {} : { formerMember: member }),
    ...(view.traffic === undefined ? {} : { before: view.traffic }),
  };
  if (step.change === 'activate') {
    const joins = memberWrites(view, name, isOwner(member) ? undefined : 'filling');
    return go({ ...begun, stage: 'activating' }, [wish(scene, step, { state: 'active' }), ...joins]);
  }
  const leaves = memberWrites(view, name, isOwner(member) ? 'draining' : undefined);
  return go({ ...begun, stage: 'draining' }, [wish(scene, step, { state: 'draining' }), ...leaves]);
}

/** What comes next for a node that a step is at. */
export function advanceNodeStep(scene: StepScene, step: RolloutStep): StepMove {
  switch (step.stage) {
    case 'draining':
      return drain(scene, step);
    case 'restarting':
    case 'installing':
      return comeBack(scene, step);
    case 'activating':
      return activate(scene, step);
    case 'filling':
      return fill(scene, step);
    default:
      return checkAfter(scene, step);
  }
}

/** Back to what the node was before; ends after `stepTimeout` though the node may be dead. */
export function undoNodeStep(scene: StepScene, step: RolloutStep): StepMove {
  const { spec, view } = scene;
  const name = nameOf(step);
  if (step.former === undefined) return go({ ...step, stage: 'undone' });
  if (step.stage !== 'undoing') {
    const member = memberWrites(view, name, step.formerMember);
    const { writes, note } = formerState(scene, step);
    return go({ ...step, stage: 'undoing' }, [...writes, ...member], note);
  }
  const wanted = wantedState(view, name) ?? step.formerState;
  if (view.nodes.get(name)?.state === wanted) return go({ ...step, stage: 'undone' });
  const why = `${name} is not ${wanted} again`;
  return scene.waitedMs(step) < spec.stepTimeout
    ? { kind: 'wait', step, why }
    : go({ ...step, stage: 'undone' }, [], `${why}; its key says so, though`);
}

/** Somebody must take new connections. */
function lastActive({ view, status }: StepScene, step: RolloutStep): StepMove | undefined {
  if (step.change === 'activate') return undefined;
  const name = nameOf(step);
  const leaving = new Set(status.steps.filter((other) => isUnderWay(other)).map(nameOf));
  const others = [...view.nodes.keys()].filter((other) => other !== name && !leaving.has(other));
  if (others.some((other) => isActive(view, other))) return undefined;
  const why = `${name} is the last active node; activate or add another first`;
  return leaving.size > 0 ? { kind: 'wait', step, why } : { kind: 'trouble', step, why };
}

function drain(scene: StepScene, step: RolloutStep): StepMove {
  const { spec, view } = scene;
  const name = nameOf(step);
  const record = view.nodes.get(name);
  // A node that is away for a while drains on.
  const waitedMs = scene.waitedMs(step);
  if (record === undefined) return waitAtMost(scene, step, spec.stepTimeout, `${name} is not registered any more`);
  if (record.state !== 'draining' || record.condition?.rolloutStep !== stepMark(scene, step)) {
    return waitAtMost(scene, step, spec.stepTimeout, `${name} does not drain yet`);
  }
  const { connections } = record.condition;
  const counted = { ...step, connections };
  // Routers may not yet know that it takes no more.
  if (connections === 0 && waitedMs < spec.checkFor) {
    return { kind: 'wait', step: counted, why: `${name} has no connections left, and routers may not know yet` };
  }
  if (connections === 0) return drained(scene, counted, record);
  const why = `${name} has ${connections} connections left`;
  return waitedMs < spec.drainTimeout
    ? { kind: 'wait', step: counted, why }
    : drained(scene, counted, record, `${why} after ${spec.drainTimeout / 1000} s, the limit; goes on`);
}

function drained(scene: StepScene, step: RolloutStep, { instance }: NodeRecord, note?: string): StepMove {
  switch (step.change) {
    case 'restart': {
      const restart = wish(scene, step, { state: 'draining', restart: instance });
      return go({ ...step, stage: 'restarting', instance }, [restart], note);
    }
    case 'upgrade':
      return go({ ...step, stage: 'installing' }, [], note);
    default:
      return go({ ...step, stage: 'checking' }, [], note);
  }
}

function comeBack(scene: StepScene, step: RolloutStep): StepMove {
  const { spec, view } = scene;
  const name = nameOf(step);
  const why = absence(scene, step, view.nodes.get(name));
  if (why !== undefined) return waitAtMost(scene, step, spec.stepTimeout, why);
  // Others took its rows meanwhile, so it fills anew.
  const joins = memberWrites(view, name, isOwner(step.formerMember) ? 'filling' : undefined);
  const { writes, note } = formerState(scene, step);
  return go({ ...step, stage: 'activating' }, [...writes, ...joins], note);
}

function absence({ spec }: StepScene, step: RolloutStep, record: NodeRecord | undefined): string | undefined {
  const name = nameOf(step);
  const version = spec.kind === 'upgrade-nodes' ? spec.version : undefined;
  if (version !== undefined && record !== undefined && record.version !== version) {
    return `${name} is drained and has version ${record.version}; install ${version} and restart it`;
  }
  if (record === undefined) return `${name} is not registered yet`;
  return record.instance === step.instance ? `${name} has not been restarted yet` : undefined;
}

function activate(scene: StepScene, step: RolloutStep): StepMove {
  const { spec, view } = scene;
  const name = nameOf(step);
  const wanted = step.change === 'activate' ? 'active' : (wantedState(view, name) ?? step.formerState);
  const state = view.nodes.get(name)?.state;
  if (state === wanted && isSeen(scene, step)) {
    return go({ ...step, stage: memberStateOf(view, name) === 'filling' ? 'filling' : 'checking' });
  }
  const why = `${name} is ${state ?? 'not registered'}, and is to be ${wanted}`;
  return waitAtMost(scene, step, spec.stepTimeout, why);
}

/** As a member of the table of nodes it fills for its time: old flows are found at the second choice meanwhile. */
function fill(scene: StepScene, step: RolloutStep): StepMove {
  const { spec, view } = scene;
  const name = nameOf(step);
  if (scene.waitedMs(step) < spec.fillFor) {
    return { kind: 'wait', step, why: `${name} fills for ${spec.fillFor / 1000} s` };
  }
  return go({ ...step, stage: 'checking' }, memberWrites(view, name, 'active'));
}

/** A node that was active already proves that it knows of the step. */
function isSeen(scene: StepScene, step: RolloutStep): boolean {
  if (step.change !== 'activate') return true;
  return scene.view.nodes.get(nameOf(step))?.condition?.rolloutStep === stepMark(scene, step);
}

function wish(scene: StepScene, step: RolloutStep, value: NodeWish): KeyWrite {
  return { key: stateKey(nameOf(step)), text: JSON.stringify({ ...value, step: stepMark(scene, step) }) };
}

/** What the key said before; what somebody else has written since then stays, and is told of. */
function formerState(
  scene: StepScene,
  step: RolloutStep,
): { readonly writes: readonly KeyWrite[]; readonly note?: string } {
  const key = stateKey(nameOf(step));
  const text = textOf(scene.view, key);
  const isOwn = mappingOf(text).step === stepMark(scene, step);
  if (isOwn) return { writes: [{ key, text: step.former ?? null }] };
  if (text === (step.former ?? undefined)) return { writes: [] };
  return { writes: [], note: `${key} says ${text ?? 'nothing'}, which this rollout has not written; it stays` };
}

function stateKey(name: string): string {
  return `node-states/${name}`;
}
