import { decodeBackend, ROUTE_BYTES } from './backend-record.js';
import { type FlowStateName, flowStates } from './layout.js';
import { BUSY, type TableMemory } from './table-memory.js';

/** What the tables say of a flow, or of its answers. */
export interface RememberedFlow {
  readonly backend: { readonly address: string; readonly port: number };
  readonly state: FlowStateName;
  /** Tick of its last packet, modulo 2^21. */
  readonly lastSeen: number;
}

const EPOCH_BITS = 0xfff;

/**
 * Reads the flow table and the table of answers as they are; entries of backends that are gone are left out, and those that later
 * fragments of answers go by.
 */
export function* rememberedFlows(memory: TableMemory): Generator<RememberedFlow> {
  const { flows } = memory;
  for (let word = 0; word < flows.length; word += 2) {
    if ((flows[word] as bigint) <= BUSY) continue;
    const value = flows[word + 1] as bigint;
    const backend = backendIn(memory, Number(value & 0xffffn), Number((value >> 16n) & BigInt(EPOCH_BITS)));
    if (backend !== undefined) yield { backend, state: stateOf(value), lastSeen: Number(value >> 43n) };
  }
  for (const { place, slot, epoch, seen } of memory.answers()) {
    const backend = backendIn(memory, slot, epoch);
    if (backend === undefined || stateOf(flows[place * 2 + 1] ?? 0n) === 'fragment') continue;
    yield { backend, state: 'answer', lastSeen: seen };
  }
}

function stateOf(value: bigint): FlowStateName {
  return flowStates[Number((value >> 28n) & 0xfn)] ?? 'none';
}

/** Undefined: the slot is another backend's by now. */
function backendIn(memory: TableMemory, slot: number, epoch: number): RememberedFlow['backend'] | undefined {
  if (slot >= memory.sizes.backends || memory.backendOwner(slot) === undefined) return undefined;
  if ((memory.backendEpoch(slot) & EPOCH_BITS) !== epoch) return undefined;
  const { address, port } = decodeBackend(memory.backendRoute(slot, ROUTE_BYTES));
  return { address, port };
}
