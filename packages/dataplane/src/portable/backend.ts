import type { ForwardingBackend } from '../dataplane.js';
import type { Backend } from './service.js';

/** May new flows go there? */
export function mayTakeFlows({ weight, overloaded }: Backend): boolean {
  return weight > 0 && !overloaded;
}

/** Takes over what tables say about a backend that may have connections already. */
export function configureBackend(backend: Backend, { weight = 1, ...wanted }: ForwardingBackend): void {
  const { upperConnections = 0 } = wanted;
  backend.weight = weight;
  backend.upperConnections = upperConnections;
  // Three quarters, rounded up: "fewer than" then means what IPVS means by 4 * connections < 3 * upper.
  backend.lowerConnections = wanted.lowerConnections || Math.ceil((upperConnections * 3) / 4);
  judgeLoad(backend);
}

/** One connection more or less. */
export function countConnection(backend: Backend, kind: 'active' | 'inactive', change: 1 | -1): void {
  if (kind === 'active') backend.activeConnections += change;
  else backend.inactiveConnections += change;
  judgeLoad(backend);
}

export function countPacket(backend: Backend, bytes: number): void {
  backend.packets++;
  backend.bytes += bytes;
}

function judgeLoad(backend: Backend): void {
  const connections = backend.activeConnections + backend.inactiveConnections;
  if (backend.upperConnections === 0) backend.overloaded = false;
  else if (connections >= backend.upperConnections) backend.overloaded = true;
  else if (connections < backend.lowerConnections) backend.overloaded = false;
}
