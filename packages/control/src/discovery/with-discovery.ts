import { comparesAll, crossesFamilies, translatesAddresses } from '../forwarding-needs.js';
import { isIpv6 } from '../ip-address-schema.js';
import type { NodeConfig } from '../node-config.js';
import { deepFreeze } from '../plain-values.js';
import { type BackendConfig, backendConfigOf, type ServiceConfig } from '../service-config.js';
import { COMPARED_BACKENDS_MAX } from '../service-contradictions.js';
import type { DiscoveredBackend } from './discovery.js';

/** A configuration with the backends that were found. */
export interface JoinedConfig {
  readonly config: NodeConfig;
  /** Backends that were found and can't be used: `service web, backend 10.0.0.21: why`. */
  readonly skipped: readonly string[];
}

/**
 * Adds what was found to the backends of services that ask for it. Of the same address and port twice the service's own
 * stays, or else what was found first; what does not go with its service is skipped.
 * @param found  by name of the service
 */
export function withDiscovery(
  config: NodeConfig,
  found: ReadonlyMap<string, readonly DiscoveredBackend[]>,
): JoinedConfig {
  if (found.size === 0) return { config, skipped: [] };
  const vips = new Set(config.services.flatMap(({ listeners }) => listeners.map(({ vip }) => vip)));
  const skipped: string[] = [];
  const services = config.services.map((service) => {
    const ofService = found.get(service.name);
    if (ofService === undefined || ofService.length === 0) return service;
    const more = usableBackends(service, ofService, vips, (name, why) =>
      skipped.push(`service ${service.name}, backend ${name}: ${why}`),
    );
    return deepFreeze<ServiceConfig>({ ...service, backends: [...service.backends, ...more] });
  });
  return { config: Object.freeze({ ...config, services: Object.freeze(services) }), skipped };
}

function usableBackends(
  service: ServiceConfig,
  found: readonly DiscoveredBackend[],
  vips: ReadonlySet<string>,
  skip: (name: string, why: string) => void,
): readonly BackendConfig[] {
  const places = new Set(service.backends.map(placeOf));
  const names = new Set(service.backends.map(({ name }) => name));
  const room = backendsMax(service) - service.backends.length;
  const usable: BackendConfig[] = [];
  for (const document of found) {
    const backend = backendConfigOf(withoutIdlePort(document, service), service);
    if (places.has(placeOf(backend))) continue;
    const why =
      problemOf(backend, service, vips) ??
      (names.has(backend.name) ? 'its name is that of another backend' : undefined) ??
      (usable.length >= room ? `the service has no room for more than ${backendsMax(service)} backends` : undefined);
    if (why !== undefined) {
      skip(backend.name, why);
      continue;
    }
    places.add(placeOf(backend));
    names.add(backend.name);
    usable.push(backend);
  }
  return usable;
}

/** SRV records name ports whether or not the method can use them. */
function withoutIdlePort(backend: DiscoveredBackend, { method }: ServiceConfig): DiscoveredBackend {
  if (translatesAddresses(method)) return backend;
  const { port: _, ...rest } = backend;
  return rest;
}

function placeOf({ address, port }: BackendConfig): string {
  return `${address} ${port ?? ''}`;
}

function problemOf(
  { address, state, minConnections, maxConnections }: BackendConfig,
  { method, listeners, secondChance }: ServiceConfig,
  vips: ReadonlySet<string>,
): string | undefined {
  if (vips.has(address)) return 'is a VIP; a backend has an address of its own';
  const other = listeners.find(({ vip }) => isIpv6(vip) !== isIpv6(address));
  if (other !== undefined && !crossesFamilies(method)) {
    return `is not of the family of the VIP, ${other.vip}; method ${method} does not cross families, ipip, gre and gue do`;
  }
  if (state !== undefined && secondChance === undefined) return 'state has no meaning without secondChance';
  if (minConnections === undefined) return undefined;
  if (maxConnections === 0) return 'minConnections has no meaning without maxConnections';
  return minConnections < maxConnections
    ? undefined
    : `minConnections is not less than maxConnections, ${maxConnections}`;
}

/** Every backend needs a row, and some schedulers compare them all. */
function backendsMax({ secondChance, scheduler, tableRows }: ServiceConfig): number {
  const rows = secondChance === undefined ? tableRows : Number.POSITIVE_INFINITY;
  return comparesAll(scheduler) ? Math.min(rows, COMPARED_BACKENDS_MAX) : rows;
}
