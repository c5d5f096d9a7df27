import { changeOfKind } from './plan-rollout-steps.js';
import type { RolloutSpec } from './rollout-schema.js';
import type { RolloutStatus } from './rollout-status.js';
import { nameOf } from './rollout-step.js';

/** Why a rollout that was written again is another than the one that has begun; undefined: it is the same. */
export function misfitOf(spec: RolloutSpec, { steps }: RolloutStatus): string | undefined {
  const changes = new Set(steps.map(({ change }) => change));
  const ofKind: readonly string[] =
    spec.kind === 'replace-backends' ? ['add-backend', 'remove-backend'] : [changeOfKind[spec.kind]];
  const other = [...changes].find((change) => !ofKind.includes(change));
  if (other !== undefined) return misfit('kind', spec.kind, `its steps are to ${other}`);
  return spec.kind === 'replace-backends' ? otherBackends(spec, steps) : otherNodes(spec.nodes, steps);
}

function otherNodes(nodes: readonly string[] | 'all', steps: RolloutStatus['steps']): string | undefined {
  if (nodes === 'all') return undefined;
  const names = steps.map(nameOf);
  return names.join() === nodes.join() ? undefined : misfit('nodes', nodes, `it began with ${JSON.stringify(names)}`);
}

function otherBackends(
  { service, backends }: Extract<RolloutSpec, { kind: 'replace-backends' }>,
  steps: RolloutStatus['steps'],
): string | undefined {
  const elsewhere = steps.find(({ target }) => !target.startsWith(`backends/${service}/`));
  if (elsewhere !== undefined) return misfit('service', service, `it began with ${elsewhere.target}`);
  const odd = steps.find((step) => Object.hasOwn(backends, nameOf(step)) !== (step.change === 'add-backend'));
  return odd && misfit('backends', Object.keys(backends), `it began to ${odd.change} ${odd.target}`);
}

function misfit(field: string, value: unknown, fact: string): string {
  return `${field}: ${JSON.stringify(value)} can't take the place of what has begun: ${fact}; write that again, or abort it`;
}
