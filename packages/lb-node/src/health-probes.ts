import type { BackendConfig, HealthCheckConfig, ListenerConfig, NodeConfig, ServiceConfig } from '@weir/control';
import type { ProbeRoute } from '@weir/dataplane';
import type { CheckedBackend, ProbeTarget } from '@weir/health';
import { forwardingMethodOf } from './forwarding-method.js';
import { memberId } from './member-id.js';

/** A backend of a service with a health check. */
export interface PlannedProbe extends Omit<CheckedBackend, 'initially'> {
  readonly service: string;
  readonly backend: string;
  /** Of the backend itself, wherever its probes go. */
  readonly address: string;
}

/** A way of probes that ends at one backend, without the mark that leads into it. */
export type ProbeWay = Omit<ProbeRoute, 'mark'>;

/**
 * Where the probes of a configuration go. With dr and the tunnels that is the VIP, by the way of traffic, if `markOf` knows
 * a mark for it: a backend that answers at its own address may still drop what comes for the VIP.
 * @param markOf  undefined: there is no such way, and probes go to the backend's address
 */
export function planProbes(config: NodeConfig, markOf: (way: ProbeWay) => number | undefined): readonly PlannedProbe[] {
  return config.services.flatMap((service) =>
    service.backends.flatMap((backend) => {
      const { healthCheck } = backend;
      return healthCheck === undefined ? [] : [plannedProbe(service, backend, healthCheck, markOf)];
    }),
  );
}

/** The ways that probes of a configuration would take, each once. */
export function probeWays(config: NodeConfig): readonly ProbeWay[] {
  const ways = config.services.flatMap((service) =>
    service.backends.flatMap((backend) => {
      const way = backend.healthCheck === undefined ? undefined : wayOf(service, backend, backend.healthCheck);
      return way === undefined ? [] : [way];
    }),
  );
  return [...new Map(ways.map((way) => [wayId(way), way])).values()];
}

/** Equal for equal ways. */
export function wayId(way: ProbeWay): string {
  return JSON.stringify(way);
}

/** What a backend of a service is known by among all that are checked. */
export function probeId(service: Pick<ServiceConfig, 'name'>, backend: BackendConfig): string {
  return `${service.name} ${memberId(backend)}`;
}

function plannedProbe(
  service: ServiceConfig,
  backend: BackendConfig,
  healthCheck: HealthCheckConfig,
  markOf: (way: ProbeWay) => number | undefined,
): PlannedProbe {
  const { port: _, damping, ...check } = healthCheck;
  return {
    id: probeId(service, backend),
    service: service.name,
    backend: backend.name,
    address: backend.address,
    target: targetOf(service, backend, healthCheck, markOf),
    check,
    ...(damping === undefined ? {} : { damping }),
  };
}

function targetOf(
  service: ServiceConfig,
  backend: BackendConfig,
  check: HealthCheckConfig,
  markOf: (way: ProbeWay) => number | undefined,
): ProbeTarget {
  const port = check.port ?? backend.port ?? portOf(firstListener(service));
  const common = { port, service: service.name };
  const way = wayOf(service, backend, check);
  const mark = way === undefined ? undefined : markOf(way);
  if (way === undefined || mark === undefined) return { ...common, address: backend.address };
  return { ...common, address: way.vip, mark };
}

/** Undefined where a probe goes to the backend's own address: nat, fullnat, and programs, whose sockets nobody marks. */
function wayOf(service: ServiceConfig, backend: BackendConfig, { probe }: HealthCheckConfig): ProbeWay | undefined {
  const forwarding = forwardingMethodOf(service);
  if (forwarding.method === 'nat' || forwarding.method === 'fullnat' || probe.kind === 'script') return undefined;
  return { vip: firstListener(service).vip, backend: backend.address, forwarding };
}

function firstListener({ listeners: [first] }: ServiceConfig): ListenerConfig {
  return first as ListenerConfig;
}

/** 0 of several ports, which no probe that needs one is configured with. */
function portOf({ port }: ListenerConfig): number {
  return typeof port === 'number' ? port : 0;
}
