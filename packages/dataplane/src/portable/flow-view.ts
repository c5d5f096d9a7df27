import { addressToBytes, bytesToAddress } from '@weir/packet';
import type { TransportProtocol } from '../dataplane.js';
import type { FlowEndpoint, FlowTableView, FlowTuple, SeenFlow } from '../flow-table-view.js';
import { TICK_MS } from '../tick.js';
import { serviceId } from '../xdp/wanted-service.js';
import type { Flow } from './flow.js';
import type { FlowTable } from './flow-table.js';
import { protocolNumbers } from './transport.js';
import { type Endpoint, tupleBetween } from './tuple.js';

/** The portable engine's flow table, as people see it. */
export class PortableFlowView implements FlowTableView {
  readonly #flows: FlowTable;
  readonly #nowTicks: () => number;
  readonly #seen = new WeakMap<SeenFlow, Flow>();

  constructor(flows: FlowTable, nowTicks: () => number) {
    this.#flows = flows;
    this.#nowTicks = nowTicks;
  }

  *[Symbol.iterator](): Iterator<SeenFlow> {
    for (const flow of this.#flows) yield this.#see(flow);
  }

  find({ protocol, client, vip }: FlowTuple): SeenFlow | undefined {
    const flow = this.#flows.at(tupleBetween(protocolNumbers[protocol], endpoint(client), endpoint(vip)));
    return flow && this.#see(flow);
  }

  end(seen: SeenFlow): boolean {
    const flow = this.#seen.get(seen);
    if (flow === undefined || !this.#flows.has(flow)) return false;
    this.#flows.end(flow);
    return true;
  }

  #see(flow: Flow): SeenFlow {
    const { backend, translation, state, lastSeen } = flow;
    const { service } = backend;
    const seen: SeenFlow = {
      tuple: { protocol: protocolName(flow.protocol), client: text(flow.client), vip: text(flow.vip) },
      service: serviceId(service.key),
      backend: translation === undefined ? { address: backend.name, port: backend.port } : text(translation.far),
      ...(service.forwarding.method === 'fullnat' && translation !== undefined
        ? { local: text(translation.near) }
        : {}),
      state,
      idleMs: (this.#nowTicks() - Math.max(lastSeen.client, lastSeen.server)) * TICK_MS,
      isShared: flow.told !== undefined,
    };
    this.#seen.set(seen, flow);
    return seen;
  }
}

function protocolName(number: number): TransportProtocol {
  const names = Object.keys(protocolNumbers) as TransportProtocol[];
  // Only packets of these become flows.
  return names.find((name) => protocolNumbers[name] === number) as TransportProtocol;
}

function endpoint({ address, port }: FlowEndpoint): Endpoint {
  return { address: addressToBytes(address), port };
}

function text({ address, port }: Endpoint): FlowEndpoint {
  return { address: bytesToAddress(address), port };
}
