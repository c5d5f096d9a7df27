import { createHash } from 'node:crypto';
import { canonicalAddress } from '@weir/packet';
import type { ServiceKey } from './dataplane.js';
import { serviceId } from './xdp/wanted-service.js';

/** A service in images of flows: 32 bits of a hash of its first listener's text, equal on all nodes. */
export function serviceNumber(firstListener: ServiceKey): number {
  const key = { ...firstListener, vip: canonicalAddress(firstListener.vip) };
  return createHash('sha256').update(serviceId(key)).digest().readUInt32LE(0);
}
