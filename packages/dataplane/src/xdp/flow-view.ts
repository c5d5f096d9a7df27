import { bytesToAddress, decodeFlowImage, type FlowImage } from '@weir/packet';
import type { TransportProtocol } from '../dataplane.js';
import type { FlowEndpoint, FlowTableView, FlowTuple, RememberedState, SeenFlow } from '../flow-table-view.js';
import { protocolNumbers } from '../portable/transport.js';
import { TICK_MS } from '../tick.js';
import { decodeBackend, ROUTE_BYTES } from './backend-record.js';
import { flowTag } from './flow-tag.js';
import { flowStates, MethodCode, Backend as Route } from './layout.js';
import { BUSY, type TableMemory } from './table-memory.js';

/** bpf/lib/flow_value.h. */
const EPOCH_BITS = 0xfffn;
const TOLD = 1n << 42n;
const SEEN_SHIFT = 43n;
const SEEN_MASK = 0x1f_ffff;
/** The most that can lie between two times that wrap. */
const AGE_MAX_TICKS = SEEN_MASK >> 1;
/** Eight days: longer than any timeout, and far from wrapping until the flow is swept out. */
const LONG_AGO_TICKS = 8 * 24 * 3600;

/** What the view takes beside the tables. */
export interface FlowViewParts {
  /** First listeners of services, by index. */
  readonly serviceNames: () => ReadonlyMap<number, string>;
  /** The image of a told flow, by its place and tag; undefined: this process knows none. */
  readonly imageAt: (place: number, tag: bigint) => Uint8Array | undefined;
}

/** Where a flow stood when it was seen. */
interface Place {
  readonly place: number;
  readonly tag: bigint;
}

/** The flow table in the kernel's memory, as people see it. */
export class XdpFlowView implements FlowTableView {
  readonly #memory: TableMemory;
  readonly #parts: FlowViewParts;
  readonly #places = new WeakMap<SeenFlow, Place>();

  constructor(memory: TableMemory, parts: FlowViewParts) {
    this.#memory = memory;
    this.#parts = parts;
  }

  *[Symbol.iterator](): Iterator<SeenFlow> {
    const services = this.#parts.serviceNames();
    const { flows } = this.#memory;
    for (let place = 0; place * 2 < flows.length; place++) {
      if ((flows[place * 2] as bigint) <= BUSY) continue;
      const flow = this.#flowAt(place, services);
      if (flow !== undefined) yield flow;
    }
  }

  find(tuple: FlowTuple): SeenFlow | undefined {
    const tag = flowTag(this.#memory.flowKeys(), tuple);
    const { flows } = this.#memory;
    for (let word = 0; word < flows.length; word += 2) {
      if (flows[word] !== tag) continue;
      const flow = this.#flowAt(word / 2, this.#parts.serviceNames());
      if (flow === undefined) return undefined;
      const known = { ...flow, tuple };
      this.#remember(known, this.#places.get(flow));
      return known;
    }
    return undefined;
  }

  /** Makes it as old as can be: the program forgets it as it does any that is over, with its answers and its counts. */
  end(flow: SeenFlow): boolean {
    const known = this.#places.get(flow);
    if (known === undefined || this.#memory.flows[known.place * 2] !== known.tag) return false;
    // A flow of nat or fullnat lives as long as its answers do.
    this.#memory.setAnswersSeen(known.place, this.#memory.now - LONG_AGO_TICKS);
    this.#age(known.place);
    return true;
  }

  #age(place: number): void {
    const { flows, now } = this.#memory;
    const longAgo = BigInt((now - LONG_AGO_TICKS) & SEEN_MASK) << SEEN_SHIFT;
    for (;;) {
      const value = Atomics.load(flows, place * 2 + 1);
      const aged = (value & ((1n << SEEN_SHIFT) - 1n)) | longAgo;
      if (Atomics.compareExchange(flows, place * 2 + 1, value, aged) === value) return;
    }
  }

  /** Undefined: what stands there is no flow of a client, or its backend is gone. */
  #flowAt(place: number, services: ReadonlyMap<number, string>): SeenFlow | undefined {
    const memory = this.#memory;
    const tag = memory.flows[place * 2] as bigint;
    const value = memory.flows[place * 2 + 1] as bigint;
    const state = clientState(Number((value >> 28n) & 0xfn));
    const slot = Number(value & 0xffffn);
    const service = slot < memory.sizes.backends ? memory.backendOwner(slot) : undefined;
    const name = service === undefined ? undefined : services.get(service);
    if (state === undefined || name === undefined) return undefined;
    if ((BigInt(memory.backendEpoch(slot)) & EPOCH_BITS) !== ((value >> 16n) & EPOCH_BITS)) return undefined;
    const seen = (memory.now - Number(value >> SEEN_SHIFT)) & SEEN_MASK;
    const flow: SeenFlow = {
      ...this.#ends(place, tag, state, slot),
      service: name,
      state,
      // Another CPU's clock may have been faster.
      idleMs: (seen > AGE_MAX_TICKS ? 0 : seen) * TICK_MS,
      isShared: (value & TOLD) !== 0n,
    };
    this.#remember(flow, { place, tag });
    return flow;
  }

  /** Who talks to whom, as far as it stands anywhere. */
  #ends(
    place: number,
    tag: bigint,
    state: RememberedState,
    slot: number,
  ): Pick<SeenFlow, 'tuple' | 'backend' | 'local'> {
    const route = this.#memory.backendRoute(slot, ROUTE_BYTES);
    const method = route[Route.method] as number;
    const isFullnat = method > MethodCode.nat;
    const ends =
      method >= MethodCode.nat
        ? this.#memory.translatedEnds(place, route[Route.outerFamily] === 4 ? 4 : 16, isFullnat)
        : undefined;
    if (ends !== undefined) {
      const protocol = protocolOfState(state);
      const end = ({ address, port }: FlowImage['client']) => ({ address: bytesToAddress(address), port });
      const { address, port } = decodeBackend(route);
      return {
        ...(protocol && { tuple: { protocol, client: end(ends.client), vip: end(ends.vip) } }),
        // The port stays where the backend names none.
        backend: { address, port: port || ends.vip.port },
        ...(isFullnat && { local: end(ends.local) }),
      };
    }
    const image = this.#parts.imageAt(place, tag);
    const told = image && decodeFlowImage(image);
    const tuple = told && tupleOf(told);
    return { ...(tuple && { tuple }), backend: decodeBackend(route) };
  }

  #remember(flow: SeenFlow, place: Place | undefined): void {
    if (place !== undefined) this.#places.set(flow, place);
  }
}

const clientStates: ReadonlySet<string> = new Set<RememberedState>([
  'syn',
  'established',
  'fin_by_client',
  'fin_by_server',
  'close',
  'datagram',
  'other',
]);

function clientState(number: number): RememberedState | undefined {
  const state = flowStates[number] ?? 'none';
  return clientStates.has(state) ? (state as RememberedState) : undefined;
}

/** SCTP, ESP and AH share a state. */
function protocolOfState(state: RememberedState): TransportProtocol | undefined {
  if (state === 'other') return undefined;
  return state === 'datagram' ? 'udp' : 'tcp';
}

function tupleOf({ protocol, client, vip }: FlowImage): FlowTuple | undefined {
  const name = (Object.keys(protocolNumbers) as TransportProtocol[]).find(
    (known) => protocolNumbers[known] === protocol,
  );
  if (name === undefined) return undefined;
  const end = ({ address, port }: FlowImage['client']): FlowEndpoint => ({ address: bytesToAddress(address), port });
  return { protocol: name, client: end(client), vip: end(vip) };
}
