import type { BackendCount, ServiceCount } from '../dataplane.js';
import type { Backend, Service } from './service.js';

/** What a service has forwarded, backends that are gone included. */
export function countService({ key, backends, retired }: Service): ServiceCount {
  const sum = (of: 'packets' | 'bytes') => backends.reduce((total, backend) => total + backend[of], retired[of]);
  return { ...key, packets: sum('packets'), bytes: sum('bytes'), backends: backends.map(countBackend) };
}

function countBackend(backend: Backend): BackendCount {
  const { service, name, port, packets, bytes, activeConnections, inactiveConnections, attempts } = backend;
  const count = { address: name, port, packets, bytes, activeConnections, inactiveConnections };
  return service.watched ? { ...count, attempts: { ...attempts } } : count;
}
