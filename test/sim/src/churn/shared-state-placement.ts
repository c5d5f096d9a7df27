import type { Fleet } from './fleet.js';
import type { Flows } from './flows.js';
import { type Machines, NOBODY } from './machines.js';
import { FLOW_RECORD_BYTES } from './pinned-placement.js';
import type { Memory, Placement } from './protection.js';

/** What a node knows of a connection that it translates: beside the flow what stands with it, its answers and their addresses. */
const NODE_BYTES_PER_FLOW = FLOW_RECORD_BYTES + 16 + 32 + 64;
/** A key and a value of some 40 bytes each, and about 100 bytes that Redis itself needs for a key. It is an assumption. */
const REDIS_BYTES_PER_FLOW = 180;

/** A node with the state of a flow, and how far a packet went to get there. */
export interface FoundNode {
  readonly node: number;
  readonly knows: boolean;
  readonly hops: number;
}

/** Which node has to do with a packet. */
export interface NodeChoice {
  change(fleet: Fleet): void | Promise<void>;
  readonly tableBytes: number;
  /** Where a packet of the flow ends up: at `knowing`, if it gets there, or at the node that is to have its state from now on. */
  find(flowHash: number, knowing: number): FoundNode;
}

/**
 * Shared state: a node notes all flows that it gets, and those that are older than a threshold are in Redis too. A node that does
 * not know a flow asks there. What is not there is lost, as with fullnat or wlc: another node can't compute the source port or the
 * member. A node that leaves in order has written all that it knows.
 */
export class SharedStatePlacement implements Placement {
  extraHops = 0;
  lookups = 0;
  readonly #flows: Flows;
  readonly #nodeChoice: NodeChoice;
  readonly #replicatedAfterMs: number;
  #rows: Uint16Array = new Uint16Array();
  #nodes: Machines | undefined;
  /** The node that knows the connection, and since when there is this connection. */
  readonly #node: Uint16Array;
  readonly #sinceMs: Float64Array;

  constructor(flows: Flows, nodeChoice: NodeChoice, replicatedAfterMs: number) {
    this.#flows = flows;
    this.#nodeChoice = nodeChoice;
    this.#replicatedAfterMs = replicatedAfterMs;
    this.#node = new Uint16Array(flows.capacity).fill(NOBODY);
    this.#sinceMs = new Float64Array(flows.capacity);
  }

  async change(fleet: Fleet): Promise<void> {
    this.extraHops = 0;
    this.lookups = 0;
    this.#rows = fleet.maglevRows();
    this.#nodes = fleet.nodes;
    await this.#nodeChoice.change(fleet);
  }

  memberOf(flow: number, connected: number, firstMs: number): number {
    const hash = this.#flows.hash[flow] as number;
    const former = connected === NOBODY ? NOBODY : (this.#node[flow] as number);
    const { node, knows, hops } = this.#nodeChoice.find(hash, former);
    this.extraHops += hops;
    this.#node[flow] = node;
    if (connected !== NOBODY) return knows || this.#isInRedis(flow, former, firstMs) ? connected : NOBODY;
    this.#sinceMs[flow] = firstMs;
    return this.#rows[hash % this.#rows.length] as number;
  }

  memory(nowMs: number): Memory {
    let known = 0;
    let replicated = 0;
    for (let flow = 0; flow < this.#flows.capacity; flow++) {
      if (!this.#flows.isLiving(flow) || this.#node[flow] === NOBODY) continue;
      known++;
      if (nowMs - (this.#sinceMs[flow] as number) >= this.#replicatedAfterMs) replicated++;
    }
    return {
      tableBytes: this.#rows.length * Uint32Array.BYTES_PER_ELEMENT + this.#nodeChoice.tableBytes,
      nodeBytes: known * NODE_BYTES_PER_FLOW,
      redisBytes: replicated * REDIS_BYTES_PER_FLOW,
    };
  }

  #isInRedis(flow: number, former: number, nowMs: number): boolean {
    this.lookups++;
    const nodes = this.#nodes as Machines;
    const untilMs = Math.min(nowMs, nodes.crashedMs[former] as number);
    return nodes.handedOver[former] === 1 || untilMs - (this.#sinceMs[flow] as number) >= this.#replicatedAfterMs;
  }
}
