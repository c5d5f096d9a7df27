import test from 'ava';
import { fixedDigests, misfitOf } from './rollout-fit.js';
import { parseRollout, type RolloutSpec } from './rollout-schema.js';
import type { RolloutStatus } from './rollout-status.js';

const web = { kind: 'replace-backends', service: 'web' };
const upgrade = { kind: 'upgrade-nodes', nodes: ['lb1'], version: '2.0' };

function specOf(document: object): RolloutSpec {
  const parsed = parseRollout(document);
  if ('spec' in parsed) return parsed.spec;
  throw new Error(parsed.problem);
}

/** That began with one document and is written again as another. */
function misfit(begun: object, again: object, steps: RolloutStatus['steps']): string | undefined {
  const times = { created: '1', leader: '', updated: '', atOnce: 1, nodes: [] };
  const status: RolloutStatus = { ...times, state: 'running', steps, fixed: { ...fixedDigests(specOf(begun)) } };
  return misfitOf(specOf(again), status);
}

test('another version can not take the place of the one that an upgrade began with', (t) => {
  const steps = [{ id: '1', target: 'nodes/lb1', change: 'upgrade', stage: 'pending' }] as const;
  const message =
    'version: "2.1" can\'t take the place of what has begun: it began with another value; write that again, or abort it';
  t.is(misfit(upgrade, { ...upgrade, version: '2.1' }, [...steps]), message);
  t.is(misfit(upgrade, { ...upgrade, stepTimeout: '1h', errorBudget: 9, wish: 'run' }, [...steps]), undefined);
});

test('a backend whose address is another than at the start pauses a rollout, and another order of keys does not', (t) => {
  const steps = [{ id: '1', target: 'backends/web/new1', change: 'add-backend', stage: 'filling' }] as const;
  const begun = { ...web, backends: { new1: { address: '10.0.0.31', weight: 2 } } };
  const moved = { ...web, backends: { new1: { address: '10.0.0.32', weight: 2 } } };
  const turned = { ...web, mayBreakConnections: true, backends: { new1: { weight: 2, address: '10.0.0.31' } } };
  t.regex(misfit(begun, moved, [...steps]) ?? '', /^backends: .* can't take the place of what has begun/);
  t.is(misfit(begun, turned, [...steps]), undefined);
});
