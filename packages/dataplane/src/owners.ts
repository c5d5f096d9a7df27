/**
 * Which nodes have the state of a flow: second chance between nodes. A packet of a service that needs state, which this
 * node does not know, goes to the owners of its flow in turn, in the outer header of `gue` with header `hops`. The first
 * takes what is new; the others what they know.
 */
export interface Owners {
  /** UDP port at which nodes take packets from one another. */
  readonly port: number;
  /** Addresses of the nodes, all of one family; no two equal. */
  readonly nodes: readonly string[];
  /** This one's index in `nodes`. */
  readonly self: number;
  /** SipHash's, 16 bytes; the same on all nodes. The client's address and port are hashed: both directions have them. */
  readonly hashKey: Uint8Array;
  readonly choices: 2 | 3 | 4;
  /** 65,536 x choices, indexes in `nodes`, as a service's whose scheduling picks choices. */
  readonly rows: ArrayLike<number>;
}

/** PEERS_MAX of bpf/lib/tables.h. */
export const NODES_MAX = 1024;
