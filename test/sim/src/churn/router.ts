/** The routers' choice of a node for a flow: ECMP. */
export interface Router {
  /** Puts these nodes in force: numbers, ascending. */
  apply(nodes: readonly number[], seed: number): void;
  /** Number of the node that gets the packets of a flow. */
  nodeOf(flowHash: number): number;
}

/** Hash modulo the number of next hops: one more or fewer, and nearly all flows get to other nodes. */
export class ModuloRouter implements Router {
  #nodes: readonly number[] = [];
  #seed = 0;

  apply(nodes: readonly number[], seed: number): void {
    this.#nodes = nodes;
    this.#seed = seed;
  }

  nodeOf(flowHash: number): number {
    return this.#nodes[mixed(flowHash, this.#seed) % this.#nodes.length] as number;
  }
}

const BUCKETS_PER_NODE = 16;

/**
 * Resilient hashing: a fixed number of buckets, each with a node. Buckets of a node that is gone are dealt out to the others;
 * one that joins gets its share, from those that have most. Only flows of these buckets get to another node.
 *
 * Routers that wait until buckets are idle before they give them to a new node move fewer still.
 *
 * @see Linux, Documentation/networking/nexthop-group-resilient.rst
 */
export class ResilientRouter implements Router {
  #buckets: Uint16Array = new Uint16Array();
  #seed = 0;

  apply(nodes: readonly number[], seed: number): void {
    this.#seed = seed;
    if (this.#buckets.length === 0) {
      const buckets = 2 ** Math.ceil(Math.log2(nodes.length * BUCKETS_PER_NODE));
      this.#buckets = Uint16Array.from({ length: buckets }, (_, bucket) => nodes[bucket % nodes.length] as number);
      return;
    }
    this.#rebalance(nodes);
  }

  nodeOf(flowHash: number): number {
    return this.#buckets[mixed(flowHash, this.#seed) & (this.#buckets.length - 1)] as number;
  }

  /** Nobody has more than one bucket above the least of all, and no other bucket moves. */
  #rebalance(nodes: readonly number[]): void {
    const fair = Math.floor(this.#buckets.length / nodes.length);
    let withOneMore = this.#buckets.length - fair * nodes.length;
    const counts = new Map(nodes.map((node) => [node, 0]));
    const spare: number[] = [];
    for (const [bucket, node] of this.#buckets.entries()) {
      const count = counts.get(node);
      const isFair = count !== undefined && (count < fair || (count === fair && withOneMore > 0));
      if (!isFair) spare.push(bucket);
      else {
        if (count === fair) withOneMore--;
        counts.set(node, count + 1);
      }
    }
    const room = nodes.flatMap((node) => Array.from({ length: fair - (counts.get(node) as number) }, () => node));
    const extra = nodes.filter((node) => (counts.get(node) as number) <= fair).slice(0, withOneMore);
    for (const [i, node] of [...room, ...extra].entries()) this.#buckets[spare[i] as number] = node;
  }
}

/** 32 bits, each of which depends on each bit of both (the finalizer of MurmurHash3_x86_32). */
function mixed(hash: number, seed: number): number {
  let bits = (hash ^ seed) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
