import { DirectorError } from './director-error.js';
import {
  dueMs,
  isKept,
  type PinTiming,
  pinOfDue,
  pinOfGone,
  pinOfNeeded,
  pinOfUnwanted,
  pinOfWanted,
  type RowPin,
} from './row-pin.js';

/** A table with the names of its members. */
export interface MemberTable {
  /**
   * What the members are known by, each once; all that can serve flows, whether rows point at them or not. A member that
   * is dead or removed is not in the list; one that drains is.
   */
  readonly members: readonly string[];
  /** Row to an index in `members`; empty: nobody takes flows. */
  readonly rows: ArrayLike<number>;
}

/** The rows of one service while members come and go. Plain data: {@link nextPinnedRows} makes the next from it. */
export interface PinnedRows {
  readonly timing: PinTiming;
  /** Those of the table that is wanted. */
  readonly members: readonly string[];
  /** In force now: row to an index in `members`. */
  readonly rows: Uint32Array;
  /** Row numbers, ascending, whose flows the data plane has to remember. */
  readonly keptRows: Uint32Array;
  /** When {@link nextPinnedRows} wants to be called with `time`; undefined: only when something happens. */
  readonly wakeMs: number | undefined;
  /** To be in force once all rows have learned: row to an index in `members`. */
  readonly wanted: Uint32Array;
  /** Of the rows that are disturbed. */
  readonly pins: ReadonlyMap<number, RowPin>;
}

export type PinnedRowsEvent =
  /** Members or their rows have changed. */
  | { readonly kind: 'want'; readonly table: MemberTable }
  /** These rows remember living flows with other members than the row's: they are held longer. */
  | { readonly kind: 'needed'; readonly rows: Iterable<number> }
  | { readonly kind: 'time' };

export interface PinnedRowsStart extends PinTiming {
  /** In force. */
  readonly table: MemberTable;
  /** Rows that the data plane keeps already, as after a restart. They are held for `holdMs`. */
  readonly keptRows?: Iterable<number>;
}

/** @throws {DirectorError} DUPLICATE_MEMBER, ROWS_INVALID */
export function startPinnedRows({ table, keptRows = [], learnMs, holdMs }: PinnedRowsStart, nowMs: number): PinnedRows {
  const rows = checkedRows(table);
  const held: RowPin = { kind: 'held', keptSinceMs: nowMs, heldUntilMs: nowMs + holdMs };
  const pins = new Map(Array.from(keptRows, (row) => [row, held]));
  return settle({ timing: { learnMs, holdMs }, members: table.members, rows, wanted: rows, pins }, nowMs);
}

/**
 * The second rung of how a connection survives: a row that is to move *learns* first. It still points at its former member,
 * and the data plane remembers the flows that pass ({@link PinnedRows.keptRows}); after `learnMs` it moves: flows that are
 * remembered stay where they are, others go by the row. When for `holdMs` no flow needed it, the row keeps none any more.
 * So a flow that sent a packet within the window never changes its member, and rows that no change touches keep nothing.
 *
 * - Rows of a member that is gone move at once: its flows are lost anyway.
 * - Changes may overlap, each row is on its own: one that is kept already has learned the flows of all its members. What
 *   was to move and need not any more stays.
 * - A table of another length (but not an empty one) starts anew, since no row of one says anything about rows of the other.
 *
 * What comes out is to be put in force at once; time that passes between is missing from the window.
 *
 * @param nowMs  of a clock that is never set back
 * @throws {DirectorError} DUPLICATE_MEMBER, ROWS_INVALID
 */
export function nextPinnedRows(state: PinnedRows, event: PinnedRowsEvent, nowMs: number): PinnedRows {
  switch (event.kind) {
    case 'want':
      return settle(want(state, event.table, nowMs), nowMs);
    case 'needed':
      return settle({ ...state, pins: need(state, event.rows, nowMs) }, nowMs);
    case 'time':
      return settle(state, nowMs);
  }
}

type Unsettled = Omit<PinnedRows, 'keptRows' | 'wakeMs'>;

function want({ timing, ...former }: PinnedRows, table: MemberTable, nowMs: number): Unsettled {
  const wanted = checkedRows(table);
  const { members } = table;
  if (wanted.length !== former.rows.length && wanted.length !== 0 && former.rows.length !== 0) {
    return { timing, members, rows: wanted, wanted, pins: new Map() };
  }
  const indexOf = new Map(members.map((id, index) => [id, index]));
  const newIndex = former.members.map((id) => indexOf.get(id));
  // Rows may remember flows of the gone member without pointing at it.
  const known = newIndex.includes(undefined) ? need({ ...former, timing }, former.pins.keys(), nowMs) : former.pins;
  // Of an empty table no row has a member; what is known of its rows is kept for the next one.
  if (wanted.length === 0) return { timing, members, rows: wanted, wanted, pins: withoutMembers(known, timing, nowMs) };

  const rows = Uint32Array.from(wanted);
  const pins = new Map<number, RowPin>();
  for (const [row, wantedIndex] of wanted.entries()) {
    const index = newIndex[former.rows[row] ?? Number.NaN];
    const pin = known.get(row);
    const next =
      index === undefined
        ? pinOfGone(pin, timing, nowMs)
        : index === wantedIndex
          ? pinOfWanted(pin, timing, nowMs)
          : pinOfUnwanted(pin, nowMs);
    if (next !== undefined) pins.set(row, next);
    if (index !== undefined) rows[row] = index;
  }
  return { timing, members, rows, wanted, pins };
}

function withoutMembers(pins: ReadonlyMap<number, RowPin>, timing: PinTiming, nowMs: number): Map<number, RowPin> {
  return new Map(Array.from(pins, ([row, pin]) => [row, pinOfGone(pin, timing, nowMs) as RowPin]));
}

function need(
  { pins, timing }: Pick<PinnedRows, 'pins' | 'timing'>,
  rows: Iterable<number>,
  nowMs: number,
): Map<number, RowPin> {
  const next = new Map(pins);
  for (const row of rows) {
    const pin = pins.get(row);
    if (pin !== undefined) next.set(row, pinOfNeeded(pin, timing, nowMs));
  }
  return next;
}

/** Does what time alone brings, and says what follows from the pins. */
function settle({ timing, members, wanted, ...before }: Unsettled, nowMs: number): PinnedRows {
  const rows = Uint32Array.from(before.rows);
  const pins = new Map<number, RowPin>();
  let wakeMs: number | undefined;
  for (const [row, pin] of before.pins) {
    const isDue = dueMs(pin, timing) <= nowMs;
    const next = isDue ? pinOfDue(pin, timing, nowMs) : pin;
    if (isDue && pin.kind === 'learning') rows[row] = wanted[row] as number;
    if (next === undefined) continue;
    pins.set(row, next);
    // Nothing to put in force follows from the end of fading.
    if (isKept(next)) wakeMs = Math.min(wakeMs ?? Number.POSITIVE_INFINITY, dueMs(next, timing));
  }
  const kept = Array.from(pins).flatMap(([row, pin]) => (isKept(pin) && row < rows.length ? [row] : []));
  return { timing, members, rows, wanted, pins, wakeMs, keptRows: Uint32Array.from(kept).sort() };
}

function checkedRows({ members, rows }: MemberTable): Uint32Array {
  const twice = members.find((id, index) => members.indexOf(id) !== index);
  if (twice !== undefined) {
    throw new DirectorError('DUPLICATE_MEMBER', `member "${twice}" is given twice`, { details: { id: twice } });
  }
  const checked = Uint32Array.from(rows);
  const stray = checked.findIndex((index) => index >= members.length);
  if (stray === -1) return checked;
  throw new DirectorError(
    'ROWS_INVALID',
    `row ${stray} points at member ${checked[stray]}, and there are ${members.length} members, counted from 0`,
    { details: { row: stray } },
  );
}
