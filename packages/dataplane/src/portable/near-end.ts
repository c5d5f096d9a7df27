import { rowOf } from '@weir/packet';
import type { ForwardingMethod } from '../forwarding-method.js';
import { answerTuple } from './flow.js';
import type { FlowTable } from './flow-table.js';
import type { Endpoint, Tuple } from './tuple.js';

/** Ports from 1024 on; those below belong to well-known services. */
const FIRST_PORT = 1024;
const PORTS = 65_536 - FIRST_PORT;
const TRIES = 16;

/**
 * How a backend sees the client of a new flow: nat: as it is; fullnat: as a local address and port. undefined: another
 * flow has that, or all that were tried.
 */
export function nearEnd(
  node: { readonly flows: FlowTable; readonly localAddresses: readonly Uint8Array[] },
  { method }: ForwardingMethod,
  { protocol, source, sourcePort }: Pick<Tuple, 'protocol' | 'source' | 'sourcePort'>,
  far: Endpoint,
  hash: number,
  nowTicks: number,
): Endpoint | undefined {
  const isFree = (near: Endpoint) => node.flows.ofAnswer(answerTuple(protocol, { near, far }), nowTicks) === undefined;
  const candidates =
    method === 'nat' ? [{ address: source, port: sourcePort }] : localEnds(node.localAddresses, source, hash);
  return candidates.find(isFree);
}

function localEnds(addresses: readonly Uint8Array[], client: Uint8Array, hash: number): Endpoint[] {
  const pool = addresses.filter(({ byteLength }) => byteLength === client.byteLength);
  const address = pool[rowOf(hash, pool.length)];
  if (address === undefined) return [];
  return Array.from({ length: TRIES }, (_, i) => ({ address, port: FIRST_PORT + (((hash & 0xffff) + i) % PORTS) }));
}
