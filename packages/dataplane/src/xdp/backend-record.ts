import { addressToBytes, bytesToAddress } from '@weir/packet';
import type { ForwardingBackend, ForwardingTables } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import type { ForwardingMethod } from '../forwarding-method.js';
import { Backend, MethodCode } from './layout.js';

/** Bytes of `struct backend` that say where packets go; what follows them is bookkeeping. */
export const ROUTE_BYTES = 40;

/** Words of the outer IPv4 header that are the same in each packet: version 4 and length 5, DF, TTL 64. */
const IPV4_CONSTANT_WORDS = [0x4500, 0x4000, 0x4000];

/**
 * The first {@link ROUTE_BYTES} bytes of `struct backend`: outer addresses, precomputed checksum, method, ports.
 * @throws {DataplaneError} TABLES_INVALID when a tunnel needs a source address and none of its family is known
 */
export function encodeBackendRoute(
  { address, port = 0 }: ForwardingBackend,
  forwarding: ForwardingMethod,
  sources: ForwardingTables['sources'],
): Uint8Array {
  const destination = addressToBytes(address);
  const family = destination.byteLength === 4 ? 4 : 6;
  const route = new Uint8Array(ROUTE_BYTES);
  const view = new DataView(route.buffer);
  route.set(destination, Backend.destination);
  view.setUint8(Backend.outerFamily, family);
  view.setUint8(Backend.method, methodCode(forwarding));
  view.setUint16(Backend.port, port);
  if (isTunnel(forwarding)) {
    const source = sourceOf(address, family, sources);
    route.set(source, Backend.source);
    if (family === 4) view.setUint16(Backend.outerChecksum, constantSum(source, destination));
  }
  if (forwarding.method === 'gue') view.setUint16(Backend.guePort, forwarding.port);
  return route;
}

/** Where a backend is: the text of its address, and its port, 0 where it has that of the service. */
export interface BackendAddress {
  readonly address: string;
  readonly port: number;
}

/** Address and port of the backend in a `struct backend`. */
export function decodeBackend(route: Uint8Array): BackendAddress {
  const bytes = route[Backend.outerFamily] === 4 ? 4 : 16;
  const address = bytesToAddress(route.slice(Backend.destination, Backend.destination + bytes));
  return { address, port: ((route[Backend.port] as number) << 8) | (route[Backend.port + 1] as number) };
}

/** How packets get to the backend in a `struct backend`. */
export function decodeMethod(route: Uint8Array): ForwardingMethod {
  const code = route[Backend.method];
  const port = ((route[Backend.guePort] as number) << 8) | (route[Backend.guePort + 1] as number);
  switch (code) {
    case MethodCode.nat:
      return { method: 'nat' };
    case MethodCode.fullnat:
    case MethodCode.fullnatToa:
      return { method: 'fullnat', toa: code === MethodCode.fullnatToa };
    case MethodCode.dr:
      return { method: 'dr' };
    case MethodCode.gre:
      return { method: 'gre' };
    case MethodCode.gue:
      return { method: 'gue', port, header: 'gue' };
    case MethodCode.fou:
      return { method: 'gue', port, header: 'none' };
    case MethodCode.hops:
      return { method: 'gue', port, header: 'hops' };
    default:
      return { method: 'ipip' };
  }
}

function isTunnel({ method }: ForwardingMethod): boolean {
  return method === 'ipip' || method === 'gre' || method === 'gue';
}

function methodCode(forwarding: ForwardingMethod): number {
  if (forwarding.method === 'fullnat') return forwarding.toa ? MethodCode.fullnatToa : MethodCode.fullnat;
  if (forwarding.method === 'gue')
    return { gue: MethodCode.gue, none: MethodCode.fou, hops: MethodCode.hops }[forwarding.header];
  return MethodCode[forwarding.method];
}

function sourceOf(backend: string, family: 4 | 6, sources: ForwardingTables['sources']): Uint8Array {
  const text = family === 4 ? sources.ipv4 : sources.ipv6;
  if (text !== undefined) return addressToBytes(text);
  throw new DataplaneError(
    'TABLES_INVALID',
    `backend ${backend} needs an IPv${family} source address of this node, and none is known`,
    { details: { backend } },
  );
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
