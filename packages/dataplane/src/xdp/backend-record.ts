import { addressToBytes, bytesToAddress } from '@weir/packet';
import type { Encapsulation, ForwardingTables } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import { Backend, EncapsulationCode } from './layout.js';

/** Bytes of `struct backend` that say where packets go; what follows them is bookkeeping. */
export const ROUTE_BYTES = 40;

/** Words of the outer IPv4 header that are the same in each packet: version 4 and length 5, DF, TTL 64. */
const IPV4_CONSTANT_WORDS = [0x4500, 0x4000, 0x4000];

/**
 * The first {@link ROUTE_BYTES} bytes of `struct backend`: outer addresses, precomputed checksum, encapsulation.
 * @throws {DataplaneError} TABLES_INVALID when no source address of the backend's family is known
 */
export function encodeBackendRoute(
  address: string,
  encapsulation: Encapsulation,
  sources: ForwardingTables['sources'],
): Uint8Array {
  const destination = addressToBytes(address);
  const family = destination.byteLength === 4 ? 4 : 6;
  const sourceText = family === 4 ? sources.ipv4 : sources.ipv6;
  if (sourceText === undefined) {
    throw new DataplaneError(
      'TABLES_INVALID',
      `backend ${address} needs an IPv${family} source address of this node, and none is known`,
      { details: { backend: address } },
    );
  }
  const source = addressToBytes(sourceText);
  const route = new Uint8Array(ROUTE_BYTES);
  const view = new DataView(route.buffer);
  route.set(source, Backend.source);
  route.set(destination, Backend.destination);
  view.setUint8(Backend.outerFamily, family);
  view.setUint8(Backend.encapsulation, EncapsulationCode[encapsulation.method]);
  if (family === 4) view.setUint16(Backend.outerChecksum, constantSum(source, destination));
  if (encapsulation.method === 'gue') view.setUint16(Backend.guePort, encapsulation.port);
  return route;
}

/** Address of the backend in a `struct backend`, text. */
export function decodeBackendAddress(route: Uint8Array): string {
  const bytes = route[Backend.outerFamily] === 4 ? 4 : 16;
  return bytesToAddress(route.slice(Backend.destination, Backend.destination + bytes));
}

/** RFC 1071 sum, folded and not complemented, in network order. */
function constantSum(source: Uint8Array, destination: Uint8Array): number {
  let sum = 0;
  for (const word of IPV4_CONSTANT_WORDS) sum += word;
  for (const address of [source, destination]) {
    for (let i = 0; i < 4; i += 2) sum += ((address[i] as number) << 8) | (address[i + 1] as number);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
