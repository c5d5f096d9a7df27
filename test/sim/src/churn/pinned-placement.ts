import { nextPinnedRows, type PinnedRows, type PinTiming, startPinnedRows } from '@weir/director';
import type { Fleet } from './fleet.js';
import type { Flows } from './flows.js';
import { type Machines, NOBODY, numberOfAddress } from './machines.js';
import type { Memory, Placement } from './protection.js';
import type { Router } from './router.js';

/** A record of the flow table: `struct flow` of packages/dataplane/bpf/lib/tables.h. */
export const FLOW_RECORD_BYTES = 16;

const NEVER = Number.NEGATIVE_INFINITY;

/**
 * Pinned flows: Maglev, and each node notes the flows of the rows that move. What a node noted, others don't know.
 *
 * All nodes keep the same rows here: those that any of them still needs. So the memory is what it is at most. And of a flow that
 * went to another node only that one knows.
 */
export class PinnedPlacement implements Placement {
  readonly extraHops = 0;
  readonly lookups = 0;
  readonly #flows: Flows;
  readonly #router: Router;
  readonly #timing: PinTiming;
  #state: PinnedRows | undefined;
  #wanted: Uint16Array | undefined;
  #members: Machines | undefined;
  #nodes: Machines | undefined;
  /** Row to the number of a member. */
  #rows: Uint16Array = new Uint16Array();
  #isKept: Uint8Array = new Uint8Array();
  /** What is noted of each flow, and on which node. */
  readonly #notedMember: Uint16Array;
  readonly #notedNode: Uint16Array;
  readonly #seenMs: Float64Array;

  constructor(flows: Flows, router: Router, timing: PinTiming) {
    this.#flows = flows;
    this.#router = router;
    this.#timing = timing;
    this.#notedMember = new Uint16Array(flows.capacity);
    this.#notedNode = new Uint16Array(flows.capacity);
    this.#seenMs = new Float64Array(flows.capacity).fill(NEVER);
  }

  get wakeMs(): number | undefined {
    return this.#state?.wakeMs;
  }

  change(fleet: Fleet, nowMs: number): void {
    this.#members = fleet.members;
    this.#nodes = fleet.nodes;
    this.#router.apply(fleet.nodes.serving(), fleet.routerSeed);
    const rows = fleet.maglevRows();
    if (this.#state === undefined) this.#state = startPinnedRows({ table: tableOf(fleet), ...this.#timing }, nowMs);
    else {
      this.#state = nextPinnedRows(this.#state, { kind: 'needed', rows: this.#neededRows(nowMs) }, nowMs);
      const event =
        rows === this.#wanted ? ({ kind: 'time' } as const) : ({ kind: 'want', table: tableOf(fleet) } as const);
      this.#state = nextPinnedRows(this.#state, event, nowMs);
    }
    this.#wanted = rows;
    const numbers = this.#state.members.map(numberOfAddress);
    this.#rows = Uint16Array.from(this.#state.rows, (index) => numbers[index] as number);
    this.#isKept = new Uint8Array(this.#rows.length);
    for (const row of this.#state.keptRows) this.#isKept[row] = 1;
  }

  memberOf(flow: number, connected: number, firstMs: number, lastMs: number): number {
    const row = this.#rowOf(flow);
    const byRow = this.#rows[row] as number;
    if (connected === NOBODY) this.#seenMs[flow] = NEVER;
    if (this.#isKept[row] === 0) return byRow;
    const node = this.#router.nodeOf(this.#flows.hash[flow] as number);
    const isKnown = this.#notedNode[flow] === node && this.#isNoted(flow, firstMs);
    const member = isKnown ? (this.#notedMember[flow] as number) : byRow;
    this.#notedMember[flow] = member;
    this.#notedNode[flow] = node;
    this.#seenMs[flow] = lastMs;
    return member;
  }

  memory(nowMs: number): Memory {
    let noted = 0;
    for (let flow = 0; flow < this.#flows.capacity; flow++) {
      if (this.#flows.isLiving(flow) && this.#isNoted(flow, nowMs)) noted++;
    }
    return {
      tableBytes: this.#rows.length * Uint32Array.BYTES_PER_ELEMENT,
      nodeBytes: noted * FLOW_RECORD_BYTES,
      redisBytes: 0,
    };
  }

  /** Rows with flows that are noted with another member than the row's. */
  #neededRows(nowMs: number): Set<number> {
    const needed = new Set<number>();
    for (let flow = 0; flow < this.#flows.capacity; flow++) {
      if (!this.#flows.isLiving(flow) || !this.#isNoted(flow, nowMs)) continue;
      const row = this.#rowOf(flow);
      if (this.#notedMember[flow] !== this.#rows[row]) needed.add(row);
    }
    return needed;
  }

  #isNoted(flow: number, nowMs: number): boolean {
    return (
      nowMs - (this.#seenMs[flow] as number) < this.#timing.holdMs &&
      this.#members?.runs[this.#notedMember[flow] as number] === 1 &&
      this.#nodes?.runs[this.#notedNode[flow] as number] === 1
    );
  }

  #rowOf(flow: number): number {
    return (this.#flows.hash[flow] as number) % this.#rows.length;
  }
}

function tableOf(fleet: Fleet) {
  const members = fleet.members.weightedMembers().map(({ id }) => id);
  const indexOf = new Map(members.map((id, index) => [numberOfAddress(id), index]));
  return { members, rows: Uint32Array.from(fleet.maglevRows(), (number) => indexOf.get(number) as number) };
}
