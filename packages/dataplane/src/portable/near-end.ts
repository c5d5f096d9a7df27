import { rowOf } from '@weir/packet';
import type { PortRange } from '../dataplane.js';
import type { ForwardingMethod } from '../forwarding-method.js';
import { answerTuple } from './flow.js';
import type { Flows } from './flow-table.js';
import type { Endpoint, Tuple } from './tuple.js';

const TRIES = 16;

/** What fullnat may give a flow. */
export interface LocalEnds {
  /** Of this node, in network order, of both families. */
  readonly localAddresses: readonly Uint8Array[];
  readonly localPorts: PortRange;
}

/**
 * How a backend sees the client of a new flow: nat: as it is; fullnat: as a local address and port. undefined: another
 * flow has that, or all that were tried. With nat a flow whose connection is closed ends for it: there is no other port to take.
 */
export function nearEnd(
  node: LocalEnds & { readonly flows: Flows },
  { method }: ForwardingMethod,
  { protocol, source, sourcePort }: Pick<Tuple, 'protocol' | 'source' | 'sourcePort'>,
  far: Endpoint,
  hash: number,
  nowTicks: number,
): Endpoint | undefined {
  const holder = (near: Endpoint) => node.flows.ofAnswer(answerTuple(protocol, { near, far }), nowTicks);
  if (method !== 'nat') return localEnds(node, source, hash).find((near) => holder(near) === undefined);
  const near = { address: source, port: sourcePort };
  const former = holder(near);
  if (former === undefined) return near;
  if (former.state !== 'close') return undefined;
  node.flows.end(former);
  return near;
}

function localEnds({ localAddresses, localPorts }: LocalEnds, client: Uint8Array, hash: number): Endpoint[] {
  const pool = localAddresses.filter(({ byteLength }) => byteLength === client.byteLength);
  const address = pool[rowOf(hash, pool.length)];
  if (address === undefined) return [];
  const { first, last } = localPorts;
  return Array.from({ length: TRIES }, (_, i) => ({
    address,
    port: first + (((hash & 0xffff) + i) % (last - first + 1)),
  }));
}
