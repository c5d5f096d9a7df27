import type { BackendConfig, ServiceConfig } from '@weir/control';

/** A backend as it is used at the moment. */
export interface UsedBackend extends BackendConfig {
  /** Of a service with second chance, where an unhealthy backend stays in the table. Default: true. */
  readonly healthy?: boolean;
}

/** Which backends of a service take new flows: those that are healthy, all although most are not, or the fallback. */
export type Use = 'healthy' | 'all' | 'fallback';

export interface UsedService {
  readonly service: ServiceConfig;
  readonly use: Use;
  /** Backends that could take new flows if they were healthy, and how many of them are. */
  readonly serving: number;
  readonly healthy: number;
}

export type IsHealthy = (service: ServiceConfig, backend: BackendConfig) => boolean;

/**
 * A service as it is to be put in force. An unhealthy backend has no weight: flows that it has stay with it, so that a check
 * that errs ends none. With second chance it is the last that a packet tries. With pinning it is left out: rows of a backend
 * that lost its weight would go on sending it new flows until they have learned. With UDP as well: a flow there ends only
 * when its client falls silent, and clients that get no answer send on.
 */
export function usedService(service: ServiceConfig, isHealthy: IsHealthy): UsedService {
  const serving = service.backends.filter(takesNewFlows);
  const healthy = serving.filter((backend) => isHealthy(service, backend)).length;
  const use = useOf(service, serving.length, healthy);
  const backends = service.backends.flatMap((backend) => usedBackend(service, backend, use, isHealthy));
  return { service: { ...service, backends }, use, serving: serving.length, healthy };
}

/** Would it take new flows, if it is used? */
export function takesNewFlows({ weight, state = 'active', healthy = true }: UsedBackend): boolean {
  return healthy && weight > 0 && (state === 'active' || state === 'filling');
}

/** What minHealthy asks for is there, or nobody better than the unhealthy: a fallback is better, where nobody is healthy. */
function useOf({ minHealthy, backends }: ServiceConfig, serving: number, healthy: number): Use {
  if (healthy === 0 && backends.some(({ isFallback }) => isFallback)) return 'fallback';
  const least = typeof minHealthy === 'number' ? minHealthy : Math.ceil(minHealthy.share * serving);
  return healthy < least ? 'all' : 'healthy';
}

function usedBackend(service: ServiceConfig, backend: BackendConfig, use: Use, isHealthy: IsHealthy): UsedBackend[] {
  if (backend.isFallback) return [use === 'fallback' ? { ...backend, weight: 1 } : backend];
  if (use === 'all' || isHealthy(service, backend)) return [backend];
  if (service.pinning !== undefined || isUdp(service)) return [];
  return [service.secondChance === undefined ? { ...backend, weight: 0 } : { ...backend, healthy: false }];
}

function isUdp({ listeners, secondChance }: ServiceConfig): boolean {
  return secondChance === undefined && listeners.every(({ protocol }) => protocol === 'udp');
}
