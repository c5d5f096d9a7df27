import type { Contradiction, SoundParts } from './contradiction.js';
import { repeated } from './repeated.js';
import type { ServiceDocument } from './service-schema.js';

/** What is wrong between values outside `services`, and between them and what services need of them. */
export function nodeContradictions(parts: SoundParts): Contradiction[] {
  return [...ofInterfaces(parts), ...ofRoom(parts), ...ofGuard(parts)];
}

function ofInterfaces({ node }: SoundParts): Contradiction[] {
  return repeated(node?.interfaces ?? []).map(([at, first]) => ({
    path: ['node', 'interfaces', at],
    message: `is node.interfaces[${first}] too`,
  }));
}

function ofRoom({ dataplane, services }: SoundParts): Contradiction[] {
  if (dataplane === undefined) return [];
  const { maxServices, maxBackends, tableRows } = dataplane;
  const found: Contradiction[] = [];
  const backendsOf = ({ backends, fallback }: ServiceDocument) => backends.length + (fallback === undefined ? 0 : 1);
  const backendCount = [...services.values()].reduce((sum, service) => sum + backendsOf(service), 0);
  if (services.size > maxServices) {
    found.push({ path: ['dataplane', 'maxServices'], message: `is less than the ${services.size} services below` });
  }
  if (backendCount > maxBackends) {
    found.push({ path: ['dataplane', 'maxBackends'], message: `is less than the ${backendCount} backends below` });
  }
  for (const [i, service] of services) {
    if (service.tableRows === undefined || service.tableRows <= tableRows) continue;
    found.push({
      path: ['services', i, 'tableRows'],
      message: `is more than dataplane.tableRows, ${tableRows}, which room is made for`,
    });
  }
  return found;
}

function ofGuard({ guard }: SoundParts): Contradiction[] {
  if (guard === undefined) return [];
  const found: Contradiction[] = [];
  for (const key of ['deny', 'allow'] as const) {
    for (const [at, first] of repeated(guard[key])) {
      found.push({ path: ['guard', key, at], message: `is guard.${key}[${first}] too` });
    }
  }
  const denied = new Map(guard.deny.map((network, at) => [network, at]));
  for (const [at, network] of guard.allow.entries()) {
    const deniedAt = denied.get(network);
    if (deniedAt === undefined) continue;
    found.push({ path: ['guard', 'allow', at], message: `is guard.deny[${deniedAt}] too; it can't be both` });
  }
  return found;
}
