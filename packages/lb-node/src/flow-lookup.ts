import type { MissedPacket } from '@weir/dataplane';
import { FlowImageField as Field, FLOW_IMAGE_BYTES } from '@weir/packet';
import type { FlowReplication, FoundFlow } from '@weir/state-sync';
import type { SharedServices } from './shared-services.js';

/** `other_service`: the store knows the flow, but its service is not configured here. */
export type LookupResult = FoundFlow | 'unknown' | 'unavailable' | 'other_service';

/** Where flows of other nodes are found. */
export type FlowFinder = Pick<FlowReplication, 'findByClient' | 'findByAnswer'>;

/** Asks the store once about the flow of a packet, whichever direction that has. */
export async function lookUp(
  { direction, image }: MissedPacket,
  services: SharedServices,
  finder: FlowFinder,
): Promise<LookupResult> {
  const result = await find(direction, image, services, finder);
  return typeof result === 'object' && !services.has(result.image) ? 'other_service' : result;
}

async function find(
  direction: MissedPacket['direction'],
  image: Uint8Array,
  services: SharedServices,
  finder: FlowFinder,
): ReturnType<FlowFinder['findByClient']> {
  if (direction === 'client') return finder.findByClient(image);
  if (services.isToLocalAddress(image)) return finder.findByAnswer(image);
  const results = await Promise.all(services.originsOf(image).map((origin) => finder.findByClient(origin)));
  // The same client may talk to several VIPs of this backend; an answer is of the flow that went to that backend.
  const found = results.find((result) => typeof result === 'object' && isSentToBackendOf(result.image, image));
  return found ?? (results.includes('unavailable') ? 'unavailable' : 'unknown');
}

function isSentToBackendOf(found: Uint8Array, answer: Uint8Array): boolean {
  return (
    isEqual(found, answer, Field.backendPort, Field.localPort) && isEqual(found, answer, Field.backend, Field.local)
  );
}

function isEqual(a: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  return a.byteLength === FLOW_IMAGE_BYTES && Buffer.compare(a.subarray(from, to), b.subarray(from, to)) === 0;
}
