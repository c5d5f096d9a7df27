import type { PinningConfig, ServiceConfig } from '@weir/control';
import { type MemberTable, nextPinnedRows, type PinnedRows, startPinnedRows } from '@weir/director';

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

/**
 * The pinned rows of all services that have them, between one plan and the next. A service that is new, as all are when
 * the daemon starts, takes its table as it is.
 */
export class Pinning {
  #pinned = new Map<string, Pinned>();

  /** Forgets services that are not in the list. */
  retain(services: readonly ServiceConfig[]): void {
    const names = new Set(services.filter(({ pinning }) => pinning !== undefined).map(({ name }) => name));
    this.#pinned = new Map([...this.#pinned].filter(([name]) => names.has(name)));
  }

  /**
   * What is in force at `nowMs` on the way to a table.
   * @param name  of the service
   */
  plan(name: string, table: MemberTable, timing: PinningConfig, nowMs: number): PinnedTable {
    const former = this.#pinned.get(name);
    const state =
      former === undefined
        ? startPinnedRows({ table, ...timing }, nowMs)
        : nextPinnedRows({ ...former.state, timing }, eventOf(former.table, table), nowMs);
    this.#pinned.set(name, { table, state });
    const { rows, keptRows, wakeMs } = state;
    return { rows, keptRows, againInMs: wakeMs === undefined ? undefined : Math.max(0, wakeMs - nowMs) };
  }
}

function eventOf(former: MemberTable, table: MemberTable) {
  const isSame = former.rows === table.rows && former.members.join() === table.members.join();
  return isSame ? ({ kind: 'time' } as const) : ({ kind: 'want', table } as const);
}
