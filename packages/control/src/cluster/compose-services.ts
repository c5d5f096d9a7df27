import type { NodeDocument } from '../node-schema.js';
import type { BackendDocument, ServiceDocument } from '../service-schema.js';
import type { Candidates, GoodEntry } from './candidates.js';

/** A service as it is to be served, and where its parts come from. */
export interface ComposedService {
  readonly service: ServiceDocument;
  /** Undefined: weir.yaml. */
  readonly key: string | undefined;
  /** Those of its last backends; the first ones are of the service's own value. */
  readonly backendKeys: readonly string[];
}

export interface Composition {
  /** Those of weir.yaml first, then those of etcd: what has been in force longest first. */
  readonly services: readonly ComposedService[];
  /** Keys that wait for others, and for what. */
  readonly waiting: ReadonlyMap<string, string>;
}

type Backends = Map<string, { readonly key: string; readonly backend: BackendDocument }[]>;
type ServiceEntry = Extract<GoodEntry, { kind: 'service' }>;

/** Services of weir.yaml and of etcd, each with the backends that have keys of their own. */
export function composeServices(document: NodeDocument, candidates: Candidates): Composition {
  const { services: fileServices = [] } = document;
  const waiting = new Map<string, string>();
  const backends = backendsOf(candidates);
  const fileNames = new Set(fileServices.map(({ name }) => name));
  const ofFile = fileServices.map((service) => composed(service, undefined, backends));
  const ofEtcd: ComposedService[] = [];
  for (const [key, entry] of serviceEntries(candidates)) {
    if (fileNames.has(entry.name)) {
      candidates.reject(key, `is the name of a service in weir.yaml too, which stays`);
      continue;
    }
    const found = composed({ ...entry.value, name: entry.name }, key, backends);
    if (isServed(found.service)) ofEtcd.push(found);
    else waiting.set(key, `has no backend yet; the first of backends/${entry.name}/ puts it in force`);
  }
  for (const [service, ofService] of backends) {
    for (const { key } of ofService) waiting.set(key, `waits for services/${service}`);
  }
  return { services: [...ofFile, ...inOrderOfStanding(ofEtcd, candidates)], waiting };
}

function backendsOf(candidates: Candidates): Backends {
  const backends: Backends = new Map();
  for (const [key, entry] of candidates.entries) {
    if (entry.kind !== 'backend') continue;
    const ofService = backends.get(entry.service);
    const found = { key, backend: entry.value };
    if (ofService === undefined) backends.set(entry.service, [found]);
    else ofService.push(found);
  }
  for (const ofService of backends.values()) {
    ofService.sort((a, b) => candidates.byStanding(a.key, b.key));
  }
  return backends;
}

function serviceEntries(candidates: Candidates): [string, ServiceEntry][] {
  return [...candidates.entries].flatMap(([key, entry]) =>
    entry.kind === 'service' ? [[key, entry] as [string, ServiceEntry]] : [],
  );
}

/** Takes its backends out of the rest. */
function composed(service: ServiceDocument, key: string | undefined, backends: Backends): ComposedService {
  const found = backends.get(service.name) ?? [];
  backends.delete(service.name);
  if (found.length === 0) return { service, key, backendKeys: [] };
  return {
    service: { ...service, backends: [...service.backends, ...found.map(({ backend }) => backend)] },
    key,
    backendKeys: found.map(({ key }) => key),
  };
}

function isServed({ backends, discovery, fallback }: ServiceDocument): boolean {
  return backends.length > 0 || discovery !== undefined || fallback !== undefined;
}

function inOrderOfStanding(services: ComposedService[], candidates: Candidates): ComposedService[] {
  return services.sort((a, b) => candidates.byStanding(a.key as string, b.key as string));
}

/** The same in an order that does not depend on what changed last. */
export function inOrderOfKeys({ services, waiting }: Composition): Composition {
  const ofFile = services.filter(({ key }) => key === undefined);
  const ofEtcd = services.filter(({ key }) => key !== undefined);
  return { services: [...ofFile, ...ofEtcd.sort(byKey)].map(withOrderedBackends), waiting };
}

function withOrderedBackends(composed: ComposedService): ComposedService {
  const { service, key, backendKeys } = composed;
  const own = service.backends.length - backendKeys.length;
  const found = backendKeys.map((backendKey, at) => ({
    key: backendKey,
    backend: service.backends[own + at] as BackendDocument,
  }));
  found.sort(byKey);
  return {
    service: { ...service, backends: [...service.backends.slice(0, own), ...found.map(({ backend }) => backend)] },
    key,
    backendKeys: found.map((ordered) => ordered.key),
  };
}

function byKey(a: { readonly key: string | undefined }, b: { readonly key: string | undefined }): number {
  return (a.key as string) < (b.key as string) ? -1 : 1;
}
