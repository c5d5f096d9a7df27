import { rowOf } from '@weir/packet';
import { answerTuple, type Endpoint } from './flow.js';
import type { FlowTable } from './flow-table.js';

/** Ports from 1024 on; those below belong to well-known services. */
const FIRST_PORT = 1024;
const PORTS = 65_536 - FIRST_PORT;
const TRIES = 16;

/** fullnat: a local address and port that no flow uses towards this end of a backend; undefined: none was found. */
export function freeLocalEnd(
  node: { readonly flows: FlowTable; readonly localAddresses: readonly Uint8Array[] },
  protocol: number,
  far: Endpoint,
  hash: number,
  nowTicks: number,
): Endpoint | undefined {
  const pool = node.localAddresses.filter(({ byteLength }) => byteLength === far.address.byteLength);
  const address = pool[rowOf(hash, pool.length)];
  if (address === undefined) return undefined;
  for (let i = 0; i < TRIES; i++) {
    const near = { address, port: FIRST_PORT + (((hash & 0xffff) + i) % PORTS) };
    if (node.flows.ofAnswer(answerTuple(protocol, { near, far }), nowTicks) === undefined) return near;
  }
  return undefined;
}
