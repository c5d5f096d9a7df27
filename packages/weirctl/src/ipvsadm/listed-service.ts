import type { ServiceInput } from '@weir/control';
import { type BalancerCounters, backendName, type Counters, noCounters } from './balancer.js';
import { familyOf, markOfService } from './mark-service.js';
import type { ListenerInput } from './placed-service.js';
import type { Forward, ServiceKey, VirtualService } from './virtual-service.js';
import { virtualSettings } from './virtual-settings.js';
import { listenersOf } from './workspace.js';

/** A line of ipvsadm's list: a listener of a service, a mark, or a service that waits for its first real server. */
export interface ListedService {
  /** `tcp`, `udp`, `sctp`; of Weir also `esp`, `ah`. */
  readonly protocol: string;
  /** Of a mark, the first of its family. */
  readonly address: string;
  /** 0: all; a range as text: `8000-8999`. */
  readonly port: number | string;
  /** Present: this is what the line is for. */
  readonly mark?: number;
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
      markOfService(service) === undefined
        ? listenersOf(service).map((listener) => listedService(service, listener, counters))
        : listedMark(service, counters),
    ),
    ...pending.flatMap(listedPending),
  ];
  if (!isSorted) return listed;
  return listed
    .map((service) => ({ ...service, servers: service.servers.toSorted(byEndpoint) }))
    .toSorted((a, b) => orderOf(a) - orderOf(b) || (a.mark ?? 0) - (b.mark ?? 0) || byEndpoint(a, b))
    .toSorted((a, b) => Number(a.address.includes(':')) - Number(b.address.includes(':')));
}

/** Marks come last. */
function orderOf({ protocol, mark }: ListedService): number {
  return mark === undefined ? IPVS_ORDER.indexOf(protocol) : IPVS_ORDER.length;
}

/** Is it what a key of ipvsadm names? */
export function isListedAs({ protocol, address, port, mark }: ListedService, key: ServiceKey): boolean {
  if (mark !== undefined || key.kind === 'mark') {
    return key.kind === 'mark' && mark === key.mark && address.includes(':') === (key.family === 6);
  }
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

/** A line for each family. Real servers of a mark have port 0: the packet's. */
function listedMark(service: ServiceInput, counters: BalancerCounters): ListedService[] {
  const mark = markOfService(service);
  const listeners = listenersOf(service);
  return ([4, 6] as const).flatMap((family) => {
    const listener = listeners.find((one) => familyOf(one) === family);
    if (mark === undefined || listener === undefined) return [];
    return [{ ...listedService(service, { ...listener, port: 'all' }, counters), mark }];
  });
}

function listedPending({ key, ...settings }: VirtualService): ListedService[] {
  if (key.kind === 'mark') {
    const { mark, family } = key;
    const address = family === 6 ? '::' : '0.0.0.0';
    return [{ protocol: 'fwm', address, port: 0, mark, settings, counters: noCounters, servers: [] }];
  }
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
