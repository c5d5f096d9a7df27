import type { EndpointSlice } from './endpoint-slice.js';
import type { IpFamily, ServicePort } from './load-balancer-service.js';

/** A pod that gets packets of one port of a Service. */
export interface ServiceBackend {
  readonly address: string;
  /** Where it listens. */
  readonly port: number;
  /** 0: it keeps the connections that it has. */
  readonly weight: 0 | 1;
}

/**
 * The pods behind one port of a Service, in the order of their addresses, each once. While no pod is ready those that end
 * take new connections, as with kube-proxy: in a rollout of one replica they are all that there is.
 * @param slices  of the Service
 */
export function serviceBackends(
  slices: readonly EndpointSlice[],
  { name, protocol }: ServicePort,
  family: IpFamily,
): readonly ServiceBackend[] {
  const found = new Map<string, ServiceBackend>();
  for (const slice of slices) {
    if (slice.family !== family) continue;
    for (const at of slice.ports) {
      if (at.name !== name || at.protocol !== protocol) continue;
      for (const { address, state } of slice.endpoints) {
        const place = `${address} ${at.port}`;
        // While slices are rewritten a pod may be in two of them: what says that it is ready is newer or as good.
        const weight = state === 'active' || found.get(place)?.weight === 1 ? 1 : 0;
        found.set(place, { address, port: at.port, weight });
      }
    }
  }
  const backends = [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, backend]) => backend);
  const isAnyReady = backends.some(({ weight }) => weight === 1);
  return isAnyReady ? backends : backends.map((backend) => ({ ...backend, weight: 1 }));
}
