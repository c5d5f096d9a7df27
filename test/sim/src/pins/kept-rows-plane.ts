import type { PinnedRows } from '@weir/director';

interface RememberedFlow {
  readonly row: number;
  member: string;
  lastSeenMs: number;
}

/**
 * What the data plane does with the flows of a service that remembers none beside those of kept rows
 * (docs/packet-path.md, section 3, point 1), for one service on one node. Flows are numbers here.
 */
export class KeptRowsPlane {
  readonly #flowTimeoutMs: number;
  readonly #flows = new Map<number, RememberedFlow>();
  #members: readonly string[] = [];
  #rows: Uint32Array = new Uint32Array();
  #isKept: Uint8Array = new Uint8Array();

  constructor(flowTimeoutMs: number) {
    this.#flowTimeoutMs = flowTimeoutMs;
  }

  apply({ members, rows, keptRows }: Pick<PinnedRows, 'members' | 'rows' | 'keptRows'>): void {
    this.#members = members;
    this.#rows = rows;
    this.#isKept = new Uint8Array(rows.length);
    for (const row of keptRows) this.#isKept[row] = 1;
  }

  /** Where a packet of the flow goes. */
  memberOf(flow: number, row: number, nowMs: number): string {
    const byRow = this.#members[this.#rows[row] as number] as string;
    if (this.#isKept[row] === 0) return byRow;
    const remembered = this.#flows.get(flow);
    if (remembered !== undefined && this.#isKnown(remembered, nowMs)) {
      remembered.lastSeenMs = nowMs;
      return remembered.member;
    }
    this.#flows.set(flow, { row, member: byRow, lastSeenMs: nowMs });
    return byRow;
  }

  /** Takes out what has timed out, as the sweep does. */
  sweep(nowMs: number): void {
    for (const [flow, { lastSeenMs }] of this.#flows) {
      if (nowMs - lastSeenMs >= this.#flowTimeoutMs) this.#flows.delete(flow);
    }
  }

  remembers(flow: number, nowMs: number): boolean {
    const remembered = this.#flows.get(flow);
    return remembered !== undefined && this.#isKnown(remembered, nowMs);
  }

  /** Rows that remember flows with another member than the row's. */
  neededRows(nowMs: number): Set<number> {
    const needed = new Set<number>();
    for (const flow of this.#flows.values()) {
      const byRow = this.#members[this.#rows[flow.row] as number];
      if (flow.member !== byRow && this.#isKnown(flow, nowMs)) needed.add(flow.row);
    }
    return needed;
  }

  #isKnown({ member, lastSeenMs }: RememberedFlow, nowMs: number): boolean {
    return nowMs - lastSeenMs < this.#flowTimeoutMs && this.#members.includes(member);
  }
}
