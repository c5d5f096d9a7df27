import type { PinningConfig } from '@weir/control';
import type { TableInForce } from '@weir/dataplane';
import { type MemberTable, nextPinnedRows, type PinnedRows, startPinnedRows } from '@weir/director';
import { memberId } from './member-id.js';

/** The rows of a service with pinning, and what its data plane has to remember. */
export interface PinnedTable {
  readonly rows: Uint32Array;
  readonly keptRows: Uint32Array;
  /** In how many ms time alone changes them; undefined: never. */
  readonly againInMs: number | undefined;
}

interface Pinned {
  /** Its rows are those that were wanted last, the same array. */
  readonly table: MemberTable;
  readonly state: PinnedRows;
}

/** The data plane is asked no more often than this which rows it needs. */
const NEED_MS_MIN = 1_000;

/**
 * The pinned rows of all services that have them, between one plan and the next. Services go by what the data plane knows
 * them by, since it is its flows that are kept. One that is new here goes on from the table that is in force, which a former
 * life of the daemon may have written.
 */
export class Pinning {
  #pinned = new Map<string, Pinned>();

  /** Forgets services that are not in the list. */
  retain(ids: Iterable<string>): void {
    const wanted = new Set(ids);
    this.#pinned = new Map([...this.#pinned].filter(([id]) => wanted.has(id)));
  }

  /**
   * What is in force at `nowMs` on the way to a table.
   * @param inForce  the table of the service that the data plane has now; undefined: none
   */
  plan(
    id: string,
    table: MemberTable,
    timing: PinningConfig,
    nowMs: number,
    inForce: (id: string) => TableInForce | undefined,
  ): PinnedTable {
    const former = this.#pinned.get(id) ?? resumed(inForce(id), timing, nowMs);
    const state =
      former === undefined
        ? startPinnedRows({ table, ...timing }, nowMs)
        : nextPinnedRows({ ...former.state, timing }, eventOf(former.table, table), nowMs);
    this.#pinned.set(id, { table, state });
    const { rows, keptRows } = state;
    return { rows, keptRows, againInMs: againInMs(state, nowMs) };
  }

  /** Rows that still keep flows of other members than their own are held on. */
  need(rowsOf: ReadonlyMap<string, readonly number[]>, nowMs: number): void {
    for (const [id, rows] of rowsOf) {
      const pinned = this.#pinned.get(id);
      if (pinned === undefined) continue;
      const state = nextPinnedRows(pinned.state, { kind: 'needed', rows }, nowMs);
      this.#pinned.set(id, { ...pinned, state });
    }
  }
}

function resumed(inForce: TableInForce | undefined, timing: PinningConfig, nowMs: number): Pinned | undefined {
  // Rows that point nowhere say nothing about where flows are.
  if (inForce === undefined || inForce.rows.includes(-1)) return undefined;
  const { backends, rows, keptRows } = inForce;
  const members = backends.map(({ address, port }) => memberId(port === 0 ? { address } : { address, port }));
  const table = { members, rows };
  return { table, state: startPinnedRows({ table, keptRows, ...timing }, nowMs) };
}

/** A row is held from when its need is known, which is the sooner the more precise: not much later than it was seen. */
function againInMs({ wakeMs, timing }: PinnedRows, nowMs: number): number | undefined {
  if (wakeMs === undefined) return undefined;
  return Math.min(Math.max(0, wakeMs - nowMs), Math.max(NEED_MS_MIN, timing.holdMs / 3));
}

function eventOf(former: MemberTable, table: MemberTable) {
  const isSame = former.rows === table.rows && former.members.join() === table.members.join();
  return isSame ? ({ kind: 'time' } as const) : ({ kind: 'want', table } as const);
}
