import { decodeBackend, ROUTE_BYTES } from './backend-record.js';
import { type FlowStateName, flowStates } from './layout.js';
import type { TableMemory } from './table-memory.js';

/** What the flow table says of a flow. Its tuple is not in there, only a hash of it. */
export interface RememberedFlow {
  readonly backend: { readonly address: string; readonly port: number };
  readonly state: FlowStateName;
  /** Tick of its last packet, modulo 2^21. */
  readonly lastSeen: number;
}

/** A tag that says that another CPU writes here. */
const BUSY = 1n;
const EPOCH_BITS = 0xfffn;

/** Reads the flow table as it is; entries of backends that are gone are left out. */
export function* rememberedFlows(memory: TableMemory): Generator<RememberedFlow> {
  const { flows } = memory;
  for (let place = 0; place < flows.length; place += 2) {
    if ((flows[place] as bigint) <= BUSY) continue;
    const value = flows[place + 1] as bigint;
    const slot = Number(value & 0xffffn);
    if (slot >= memory.sizes.backends || memory.backendOwner(slot) === undefined) continue;
    if ((BigInt(memory.backendEpoch(slot)) & EPOCH_BITS) !== ((value >> 16n) & EPOCH_BITS)) continue;
    const { address, port } = decodeBackend(memory.backendRoute(slot, ROUTE_BYTES));
    const state = flowStates[Number((value >> 28n) & 0xfn)] ?? 'none';
    yield { backend: { address, port }, state, lastSeen: Number(value >> 43n) };
  }
}
