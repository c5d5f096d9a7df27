import type { TransportProtocol } from './transport-protocol.js';

/** An address, canonical text, and a port; 0: of a protocol without ports. */
export interface FlowEndpoint {
  readonly address: string;
  readonly port: number;
}

/** What a client's packets of one flow have in common. */
export interface FlowTuple {
  readonly protocol: TransportProtocol;
  readonly client: FlowEndpoint;
  readonly vip: FlowEndpoint;
}

/** docs/packet-path.md, section 3, "States". */
export type RememberedState =
  | 'syn'
  | 'established'
  | 'fin_by_client'
  | 'fin_by_server'
  | 'close'
  | 'datagram'
  | 'other';

/** A flow as the data plane remembers it. */
export interface SeenFlow {
  /**
   * Absent where it can't be told: the flow table has 16 bytes for a flow, a hash of its tuple and what was decided. Flows of nat and
   * fullnat, and those that other nodes were told of, have theirs elsewhere too.
   */
  readonly tuple?: FlowTuple;
  /** The service's first listener, as errors show it: "198.51.100.1:443/tcp". */
  readonly service: string;
  /** Port 0: the packet's. */
  readonly backend: FlowEndpoint;
  /** fullnat: where packets to the backend come from. */
  readonly local?: FlowEndpoint;
  readonly state: RememberedState;
  /** Since its last packet, in whole ticks of a second. */
  readonly idleMs: number;
  /** Other nodes were told of it. */
  readonly isShared: boolean;
}

/**
 * The flows that are remembered, for people who look at them: nothing changes by the look. What is over and not swept out yet
 * may be among them, and what begins meanwhile may not.
 */
export interface FlowTableView extends Iterable<SeenFlow> {
  /** The flow of these packets; undefined: none is remembered. Walks the whole table. */
  find(tuple: FlowTuple): SeenFlow | undefined;
  /**
   * The flow is over from now on: its next packet is one of an unknown flow, and other nodes that were told of it are told of its
   * end. False: it is there no more.
   * @param flow  as it came from this view
   */
  end(flow: SeenFlow): boolean;
}
