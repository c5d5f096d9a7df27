import type { Contradiction } from '../contradiction.js';
import { contradictions } from '../contradictions.js';
import { contradictionProblem } from '../document-problems.js';
import { listenersOf } from '../listener.js';
import type { NodeDocument } from '../node-schema.js';
import { allParts } from '../parse-node-config.js';
import { pathText } from '../path-text.js';
import type { Candidates } from './candidates.js';
import type { ComposedService, Composition } from './compose-services.js';

/** A key that can't be in force beside the others, and why. */
export interface KeyProblem {
  readonly key: string;
  readonly problem: string;
}

/**
 * What is wrong between keys that are each right, laid at the door of the key that came last. Empty: all is well.
 * @param document  weir.yaml with the settings of etcd, without fault for itself
 */
export function compositionProblems(
  document: NodeDocument,
  { services }: Composition,
  candidates: Candidates,
): KeyProblem[] {
  const beyond = beyondRoom(document, services);
  if (beyond.length > 0) return beyond;
  const parts = { ...document, services: services.map(({ service }) => service) };
  const found = contradictions(allParts(parts));
  if (found.length === 0) return [];
  const blamed = found.flatMap((contradiction) => blame(contradiction, services, parts, candidates));
  // Nobody in particular: what is new is at fault, or else whatever is of etcd.
  return blamed.length > 0 ? blamed : blameAll(found[0] as Contradiction, services, candidates);
}

/** The data plane has made room for so many; what has been in force longest keeps its place. */
function beyondRoom({ dataplane }: NodeDocument, services: readonly ComposedService[]): KeyProblem[] {
  const { maxServices, maxBackends } = dataplane;
  let room = maxBackends;
  return services.flatMap(({ key, service, backendKeys }, i): KeyProblem[] => {
    if (i >= maxServices && key !== undefined) {
      return [{ key, problem: `is one service more than dataplane.maxServices, ${maxServices}, has room for` }];
    }
    const own = service.backends.length - backendKeys.length;
    const problem = `is one backend more than dataplane.maxBackends, ${maxBackends}, has room for`;
    if (own > room && key !== undefined) return [{ key, problem }];
    const fitting = Math.max(0, room - own);
    room -= Math.min(room, service.backends.length);
    return backendKeys.slice(fitting).map((backendKey) => ({ key: backendKey, problem }));
  });
}

function blame(
  found: Contradiction,
  services: readonly ComposedService[],
  parts: NodeDocument,
  candidates: Candidates,
): KeyProblem[] {
  const [section, at, list, index] = found.path;
  const placed = section === 'services' ? services[at as number] : undefined;
  if (placed === undefined) return blameAddress(found, services, parts);
  const own = placed.service.backends.length - placed.backendKeys.length;
  const backendKey = list === 'backends' && typeof index === 'number' ? placed.backendKeys[index - own] : undefined;
  if (backendKey !== undefined) return [{ key: backendKey, problem: problemText(found, 4, services, parts) }];
  const problem = problemText(found, 2, services, parts);
  const newBackends = placed.backendKeys.filter((key) => candidates.standing(key) !== 'inForce');
  const isOfAllBackends = list === 'backends' && index === undefined;
  if (isOfAllBackends && newBackends.length > 0) return newBackends.map((key) => ({ key, problem }));
  if (placed.key !== undefined) return [{ key: placed.key, problem }];
  return placed.backendKeys.map((key) => ({ key, problem }));
}

/** An address of weir.yaml or of the settings that a service or a backend of etcd has too. */
function blameAddress(found: Contradiction, services: readonly ComposedService[], parts: NodeDocument): KeyProblem[] {
  const problem = problemText(found, 0, services, parts);
  const address = found.path.reduce<unknown>((value, part) => (value as Record<string, unknown>)?.[part], parts);
  return services.flatMap(({ service, key, backendKeys }, i) => {
    const own = service.backends.length - backendKeys.length;
    const isOwn =
      listenersOf(service, i).some(({ listener }) => listener.vip === address) ||
      service.backends.slice(0, own).some((backend) => backend.address === address);
    return [
      ...(isOwn && key !== undefined ? [{ key, problem }] : []),
      ...backendKeys
        .filter((_, at) => service.backends[own + at]?.address === address)
        .map((backendKey) => ({ key: backendKey, problem })),
    ];
  });
}

function blameAll(found: Contradiction, services: readonly ComposedService[], candidates: Candidates): KeyProblem[] {
  const problem = `${pathText(found.path)} of weir.yaml ${found.message}`;
  const keys = services.flatMap(({ key, backendKeys }) => [...(key === undefined ? [] : [key]), ...backendKeys]);
  const notInForce = keys.filter((key) => candidates.standing(key) !== 'inForce');
  return (notInForce.length > 0 ? notInForce : keys).map((key) => ({ key, problem }));
}

/** @param skipped  parts of the path that the key says already */
function problemText(
  found: Contradiction,
  skipped: number,
  services: readonly ComposedService[],
  parts: NodeDocument,
): string {
  const written = { value: parts, lineOfValue: () => 1, lineOfKey: () => 1, numberText: () => undefined };
  const { message } = contradictionProblem(found, written);
  const field = pathText(found.path.slice(skipped));
  return withKeys(field === '' ? message : `${field}: ${message}`, services);
}

/** Messages name other services by their place in a list, which only those of weir.yaml have. */
function withKeys(text: string, services: readonly ComposedService[]): string {
  return text.replace(/services\[(\d+)\](?:\.backends\[(\d+)\])?/g, (place, serviceAt, backendAt) => {
    const placed = services[Number(serviceAt)];
    if (placed === undefined) return place;
    const own = placed.service.backends.length - placed.backendKeys.length;
    const backendKey = backendAt === undefined ? undefined : placed.backendKeys[Number(backendAt) - own];
    if (backendKey !== undefined) return backendKey;
    if (placed.key === undefined) return `${place} of weir.yaml`;
    return backendAt === undefined ? placed.key : `${placed.key}, backends[${backendAt}]`;
  });
}
