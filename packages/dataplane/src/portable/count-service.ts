import type { BackendCount, ServiceCount } from '../dataplane.js';
import type { Backend, Service } from './service.js';

/** What a service has forwarded, backends that are gone included. */
export function countService({ key, backends, retired }: Service): ServiceCount {
  const sum = (of: 'packets' | 'bytes' | 'newFlows') =>
    backends.reduce((total, backend) => total + backend[of], retired[of]);
  const total = { packets: sum('packets'), bytes: sum('bytes'), newFlows: sum('newFlows') };
  return { ...key, ...total, backends: backends.map(countBackend) };
}

function countBackend(backend: Backend): BackendCount {
  const { service, name, port, packets, bytes, activeConnections, inactiveConnections, newFlows, attempts } = backend;
  const count = { address: name, port, packets, bytes, activeConnections, inactiveConnections, newFlows };
  return service.watched ? { ...count, attempts: { ...attempts } } : count;
}
