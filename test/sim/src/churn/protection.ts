import type { Fleet } from './fleet.js';
import type { Flows, Packets } from './flows.js';
import { NOBODY } from './machines.js';

/** What keeps connections with their members: how a packet of a flow finds one. */
export interface Placement {
  /** Puts in force what the fleet is like now, at the start of each epoch. */
  change(fleet: Fleet, nowMs: number): void | Promise<void>;
  /** When it wants {@link Placement.change} called though the fleet did not change; undefined: not at all. */
  readonly wakeMs?: number | undefined;
  /**
   * Number of the member that answers the flow's packets from `firstMs` to `lastMs`.
   *
   * @param connected  the member that has the connection; {@link NOBODY}: there is none yet
   * @returns {@link NOBODY}: they got to nobody who knows the connection
   */
  memberOf(flow: number, connected: number, firstMs: number, lastMs: number): number;
  /** Since the last call of {@link Placement.change}. */
  readonly extraHops: number;
  /** The same; reads of the shared state. */
  readonly lookups: number;
  memory(nowMs: number): Memory;
}

/** In bytes. */
export interface Memory {
  /** Of each node. */
  readonly tableBytes: number;
  /** Of all nodes: what is known of living flows. */
  readonly nodeBytes: number;
  /** The same in Redis. */
  readonly redisBytes: number;
}

/** What became of connections. */
export interface Outcome {
  /** Their member runs, and a packet of theirs got elsewhere. */
  broken: number;
  /** Their member crashed, or was taken out when its time to drain was over. No protection helps. */
  endedWithMember: number;
  /** Members or nodes that a packet went to in vain, on average over the flows that sent; of the epoch with most. */
  extraHopsPerFlow: number;
  lookups: number;
  /** Most at any time. */
  memory: Memory;
}

/** All connections under one placement. The client of one that breaks or ends opens another, of the same 5-tuple. */
export class Protection {
  readonly name: string;
  readonly placement: Placement;
  readonly #connected: Uint16Array;

  constructor(name: string, flows: Flows, placement: Placement) {
    this.name = name;
    this.placement = placement;
    this.#connected = new Uint16Array(flows.capacity).fill(NOBODY);
  }

  /** Delivers the packets of an epoch. */
  deliver(packets: Packets, fleet: Fleet, nowMs: number): Outcome {
    const { placement } = this;
    let broken = 0;
    let endedWithMember = 0;
    for (let i = 0; i < packets.count; i++) {
      const flow = packets.flow[i] as number;
      let connected = packets.begins[i] === 1 ? NOBODY : (this.#connected[flow] as number);
      if (connected !== NOBODY && fleet.members.runs[connected] === 0) {
        endedWithMember++;
        connected = NOBODY;
      }
      const firstMs = packets.firstMs[i] as number;
      const lastMs = packets.lastMs[i] as number;
      let member = placement.memberOf(flow, connected, firstMs, lastMs);
      if (connected !== NOBODY && connected !== member) broken++;
      if (member === NOBODY) member = placement.memberOf(flow, NOBODY, firstMs, lastMs);
      this.#connected[flow] = member;
    }
    const { extraHops, lookups } = placement;
    const extraHopsPerFlow = packets.count === 0 ? 0 : extraHops / packets.count;
    return { broken, endedWithMember, extraHopsPerFlow, lookups, memory: placement.memory(nowMs) };
  }
}
