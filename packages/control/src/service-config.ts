import type { AnnounceConfig } from './announce-config.js';
import type { DiscoveryConfig } from './discovery/discovery-config.js';
import { discoveryConfigOf } from './discovery/discovery-schema.js';
import { schedulerOf } from './forwarding-needs.js';
import { healthCheckConfigOf, mergedCheck } from './health-check-config.js';
import type { HealthCheckDocument, MinHealthy } from './health-schema.js';
import { isIpv6 } from './ip-address-schema.js';
import { type ListenerConfig, listenersOf } from './listener.js';
import { type PassiveCheckConfig, passiveCheckConfigOf } from './passive-check-config.js';
import { definedOf } from './plain-values.js';
import { type SecondChanceConfig, secondChanceConfigOf } from './second-chance-config.js';
import type { HealthCheckConfig } from './service-health.js';
import type { BackendDocument, ServiceDocument } from './service-schema.js';

export interface BackendConfig {
  readonly name: string;
  /** Canonical text. */
  readonly address: string;
  /** nat and fullnat: where it listens. Absent: the packet's port. */
  readonly port?: number;
  /** 0: no new flows. */
  readonly weight: number;
  /** Upper threshold; 0: no limit. */
  readonly maxConnections: number;
  /** Of a service with second chance alone. */
  readonly state?: 'filling' | 'active' | 'draining' | 'inactive';
  /** Lower threshold; absent: three quarters of the upper one. */
  readonly minConnections?: number;
  /** Absent: taken as healthy. */
  readonly healthCheck?: HealthCheckConfig;
  /** Takes new flows while no other backend of its service is usable; its weight is 0. */
  readonly isFallback?: true;
}

/** Clients of one network go to one backend. */
export interface PersistenceConfig {
  readonly timeoutMs: number;
  /** Bits of an IPv4 address that tell clients apart. */
  readonly netmask: number;
  readonly netmask6: number;
}

/** How long rows remember flows around a membership change. */
export interface PinningConfig {
  /** Before the change takes rows. */
  readonly learnMs: number;
  /** After it. */
  readonly holdMs: number;
}

export interface ServiceConfig {
  readonly name: string;
  /** At least one. */
  readonly listeners: readonly ListenerConfig[];
  readonly method: ServiceDocument['method'];
  readonly guePort: number;
  readonly gueHeader: 'gue' | 'none';
  readonly toa: boolean;
  readonly scheduler: NonNullable<ServiceDocument['scheduler']>;
  readonly tableRows: number;
  readonly persistence?: PersistenceConfig;
  /** Bytes. */
  readonly mssClamp?: number;
  /** 0: a new backend has its whole weight at once. */
  readonly slowStartMs: number;
  /** Absent: off. */
  readonly pinning?: PinningConfig;
  /** Absent: off. */
  readonly secondChance?: SecondChanceConfig;
  /** The service's own attributes over those of `bgp.announce`. */
  readonly announce: AnnounceConfig;
  /** As weir.yaml has it, for backends that are found later; those that are known have their own. */
  readonly healthCheck: HealthCheckDocument | 'off';
  /** Absent: off. */
  readonly passiveCheck?: PassiveCheckConfig;
  /** With fewer healthy backends all of them are used; 0: never. */
  readonly minHealthy: MinHealthy;
  /** With the fallback. */
  readonly backends: readonly BackendConfig[];
  /** Where more of them come from. Absent: nowhere. */
  readonly discovery?: readonly DiscoveryConfig[];
}

/** What the rest of a document says of services that do not say it themselves. */
export interface ServiceDefaults {
  readonly tableRows: number;
  readonly hashSeed: bigint;
  readonly announce: AnnounceConfig;
}

/** IANA's port for GUE. */
const GUE_PORT = 6080;

/** Fills in what depends on other values, and gives numbers their units. */
export function serviceConfigOf(service: ServiceDocument, index: number, defaults: ServiceDefaults): ServiceConfig {
  const { persistence, pinning, mssClamp, secondChance, passiveCheck } = service;
  return {
    name: service.name,
    listeners: listenersOf(service, index).map(({ listener }) => listener),
    method: service.method,
    guePort: service.guePort ?? GUE_PORT,
    gueHeader: service.gueHeader ?? 'gue',
    toa: service.toa ?? false,
    scheduler: schedulerOf(service),
    tableRows: service.tableRows ?? defaults.tableRows,
    ...(persistence === undefined ? {} : { persistence: persistenceConfigOf(persistence) }),
    ...(mssClamp === undefined ? {} : { mssClamp }),
    slowStartMs: service.slowStart,
    ...(pinning === 'off' ? {} : { pinning: { learnMs: pinning.learn, holdMs: pinning.hold } }),
    ...(secondChance === undefined ? {} : { secondChance: secondChanceConfigOf(secondChance, defaults.hashSeed) }),
    announce: { ...defaults.announce, ...definedOf(service.announce) },
    healthCheck: service.healthCheck,
    ...(passiveCheck === 'off' ? {} : { passiveCheck: passiveCheckConfigOf(passiveCheck) }),
    minHealthy: service.minHealthy,
    backends: backendsOf(service),
    ...(service.discovery === undefined ? {} : { discovery: discoveryConfigOf(service.discovery) }),
  };
}

/** What a backend gets from its service. */
export interface BackendDefaults {
  readonly secondChance?: unknown;
  readonly healthCheck: ServiceConfig['healthCheck'];
}

export function backendConfigOf(backend: BackendDocument, service: BackendDefaults): BackendConfig {
  const check = mergedCheck(service.healthCheck, backend.healthCheck);
  return {
    ...(service.secondChance === undefined ? {} : { state: 'active' }),
    ...definedBackend(service.secondChance === undefined ? withoutTableState(backend) : backend),
    name: backendName(backend),
    ...(check === undefined ? {} : { healthCheck: healthCheckConfigOf(check) }),
  };
}

function backendsOf(service: ServiceDocument): readonly BackendConfig[] {
  const { backends, fallback } = service;
  const own = backends.map((backend) => backendConfigOf(backend, service));
  if (fallback === undefined) return own;
  const document = { ...definedOf(fallback), address: fallback.address, weight: 0, maxConnections: 0 };
  return [
    ...own,
    { ...backendConfigOf(document, { secondChance: service.secondChance, healthCheck: 'off' }), isFallback: true },
  ];
}

function persistenceConfigOf(persistence: NonNullable<ServiceDocument['persistence']>): PersistenceConfig {
  const { timeout, netmask, netmask6 } = persistence;
  return { timeoutMs: timeout, netmask, netmask6 };
}

function definedBackend({ address, port, weight, maxConnections, minConnections, state }: BackendDocument) {
  return {
    address,
    weight,
    maxConnections,
    ...(state === undefined ? {} : { state }),
    ...(port === undefined ? {} : { port }),
    ...(minConnections === undefined ? {} : { minConnections }),
  };
}

/** Only second chance has states in its tables; elsewhere a backend that drains has no weight. */
function withoutTableState({ state, ...backend }: BackendDocument): BackendDocument {
  if (state === 'draining') return { ...backend, weight: 0 };
  return state === 'active' ? backend : { ...backend, state };
}

/** What people call a backend that has no name of its own. */
export function backendName({ name, address, port }: Pick<BackendDocument, 'name' | 'address' | 'port'>): string {
  if (name !== undefined) return name;
  if (port === undefined) return address;
  return `${isIpv6(address) ? `[${address}]` : address}:${port}`;
}
