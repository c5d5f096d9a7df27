import type { ServiceInput } from '@weir/control';
import { type BalancerCounters, backendName, type Counters, noCounters } from './balancer.js';
import type { ListenerInput } from './placed-service.js';
import type { Forward, ServiceKey, VirtualService } from './virtual-service.js';
import { virtualSettings } from './virtual-settings.js';
import { listenersOf } from './workspace.js';

/** A line of ipvsadm's list: a listener of a service, or a service that waits for its first real server. */
export interface ListedService {
  /** `tcp`, `udp`, `sctp`; of Weir also `esp`, `ah`. */
  readonly protocol: string;
  readonly address: string;
  /** 0: all; a range as text: `8000-8999`. */
  readonly port: number | string;
  readonly settings: Omit<VirtualService, 'key'>;
  readonly counters: Counters;
  readonly servers: readonly ListedServer[];
}

export interface ListedServer {
  readonly address: string;
  readonly port: number | string;
  /** Weir has one way that ipvsadm does not. */
  readonly forward: Forward | { readonly kind: 'fullnat' };
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly counters: Counters;
}

const IPVS_ORDER = ['tcp', 'udp', 'ah', 'esp', 'sctp'];

/** All that there is, as ipvsadm lists it: by family, protocol, address and port. */
export function listedServices(
  services: readonly ServiceInput[],
  pending: readonly VirtualService[],
  counters: BalancerCounters,
  isSorted: boolean,
): ListedService[] {
  const listed = [
    ...services.flatMap((service) =>
      listenersOf(service).map((listener) => listedService(service, listener, counters)),
    ),
    ...pending.flatMap(listedPending),
  ];
  if (!isSorted) return listed;
  return listed
    .map((service) => ({ ...service, servers: service.servers.toSorted(byEndpoint) }))
    .toSorted((a, b) => IPVS_ORDER.indexOf(a.protocol) - IPVS_ORDER.indexOf(b.protocol) || byEndpoint(a, b))
    .toSorted((a, b) => Number(a.address.includes(':')) - Number(b.address.includes(':')));
}

/** Is it what a key of ipvsadm names? */
export function isListedAs({ protocol, address, port }: ListedService, key: ServiceKey): boolean {
  return key.kind === 'address' && key.protocol === protocol && key.address === address && key.port === port;
}

function listedService(service: ServiceInput, listener: ListenerInput, counters: BalancerCounters): ListedService {
  const { vip, protocol = 'tcp', port } = listener;
  const own = counters.get(service.name);
  return {
    protocol,
    address: vip,
    port: portOf(port),
    settings: virtualSettings(service, vip.includes(':')),
    counters: own?.total ?? noCounters,
    servers: (service.backends ?? []).map((backend) => ({
      address: backend.address,
      port: backend.port ?? portOf(port),
      forward: forwardOf(service),
      weight: backend.state === 'draining' ? 0 : (backend.weight ?? 1),
      upperThreshold: backend.maxConnections ?? 0,
      lowerThreshold: backend.minConnections ?? 0,
      counters: own?.backends.get(backendName(backend)) ?? noCounters,
    })),
  };
}

function listedPending({ key, ...settings }: VirtualService): ListedService[] {
  if (key.kind === 'mark') return [];
  const { protocol, address, port } = key;
  return [{ protocol, address, port, settings, counters: noCounters, servers: [] }];
}

function portOf(port: ListenerInput['port']): number | string {
  return port === 'all' ? 0 : port;
}

function forwardOf({ method = 'ipip', guePort }: ServiceInput): ListedServer['forward'] {
  switch (method) {
    case 'nat':
      return { kind: 'masquerade' };
    case 'dr':
      return { kind: 'route' };
    case 'fullnat':
      return { kind: 'fullnat' };
    case 'gue':
      return { kind: 'tunnel', type: 'gue', port: guePort ?? 6080, checksum: 'nocsum' };
    default:
      return { kind: 'tunnel', type: method, checksum: 'nocsum' };
  }
}

interface Endpoint {
  readonly address: string;
  readonly port: number | string;
}

function byEndpoint(a: Endpoint, b: Endpoint): number {
  return compareNumbers(a.address, b.address) || compareNumbers(`${a.port}`, `${b.port}`);
}

/** Parts of addresses by their numbers, not by their letters. */
function compareNumbers(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
