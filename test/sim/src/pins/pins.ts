import {
  type MemberTable,
  maglevTable,
  nextPinnedRows,
  type PinnedRows,
  type PinnedRowsEvent,
  type PinTiming,
  rendezvousTable,
  startPinnedRows,
} from '@weir/director';
import { Chance } from '../chance.js';
import { Backends, type Change } from './backends.js';
import { type Connection, Connections } from './connections.js';
import { KeptRowsPlane } from './kept-rows-plane.js';

export interface PinsOptions {
  readonly seed: number;
  readonly table: 'maglev' | 'rendezvous';
  /** A prime. */
  readonly rows: number;
  readonly backends: number;
  /** At any time. */
  readonly connections: number;
  readonly durationMs: number;
  readonly timing: PinTiming;
  /** After how long without a packet the data plane forgets a flow; at most `holdMs`. */
  readonly flowTimeoutMs: number;
  /** Random ones, so often on average; or just one after a minute. */
  readonly changes: { readonly everyMs: number } | { readonly once: Change };
  /** false: rows move when they are told to and nothing is remembered; what consistent hashing alone does. */
  readonly pinned: boolean;
}

export interface PinsReport {
  readonly changes: number;
  readonly connections: number;
  readonly packets: number;
  /** Changed their backend although it lives and they sent a packet within the window. Each with what happened. */
  readonly broken: readonly string[];
  /** Changed their backend after a silence that was longer than the window. */
  readonly movedAfterSilence: number;
  /** Their backend died or was removed. */
  readonly endedWithBackend: number;
  /** Of the rows, those that any one change moved: 0 to 1. */
  readonly rowsMoved: number;
  /** Of the living connections, those that the data plane remembers: 0 to 1, the mean over time. */
  readonly keptMean: number;
  readonly keptMost: number;
}

const measureEveryMs = 1000;
const firstChangeMs = 60_000;

/** One service on one node: connections send packets while backends come and go. */
export function simulatePins(options: PinsOptions): PinsReport {
  const chance = new Chance(options.seed);
  const backends = new Backends(chance, options.backends);
  const connections = new Connections(chance, options);
  const plane = new KeptRowsPlane(options.flowTimeoutMs);
  const movesOfRow = Array.from({ length: options.rows }, (): number[] => []);
  const report = { changes: 0, packets: 0, movedAfterSilence: 0, endedWithBackend: 0, rowsMoved: 0 };
  const broken: string[] = [];
  const kept: number[] = [];

  let rows = startPinnedRows({ table: tableOf(backends, options), ...options.timing }, 0);
  plane.apply(inForce(rows));
  let changeMs = nextChange(0);
  for (let nowMs = 0; nowMs < options.durationMs; nowMs += Connections.stepMs) {
    if (nowMs % measureEveryMs === 0) {
      plane.sweep(nowMs);
      kept.push(keptShare(nowMs));
      go({ kind: 'needed', rows: plane.neededRows(nowMs) }, nowMs);
    }
    if (rows.wakeMs !== undefined && rows.wakeMs <= nowMs) go({ kind: 'time' }, nowMs);
    if (nowMs >= changeMs) {
      changeMs = nextChange(nowMs);
      if (backends.change('once' in options.changes ? options.changes.once : undefined) !== undefined) {
        report.changes++;
        go({ kind: 'want', table: tableOf(backends, options) }, nowMs);
      }
    }
    for (const connection of connections.sendingAt(nowMs)) {
      report.packets++;
      deliver(connection, plane.memberOf(connection.flow, connection.row, nowMs), nowMs);
    }
  }
  const keptMean = kept.reduce((sum, share) => sum + share, 0) / kept.length;
  const keptMost = kept.reduce((most, share) => Math.max(most, share), 0);
  return { ...report, connections: connections.begun, broken, keptMean, keptMost };

  function nextChange(nowMs: number): number {
    if ('everyMs' in options.changes) return nowMs + chance.exponential(options.changes.everyMs);
    return nowMs === 0 ? firstChangeMs : Number.POSITIVE_INFINITY;
  }

  function go(event: PinnedRowsEvent, nowMs: number): void {
    const before = inForce(rows);
    rows = nextPinnedRows(rows, event, nowMs);
    const after = inForce(rows);
    let moved = 0;
    for (const [row, moves] of movesOfRow.entries()) {
      if (before.members[before.rows[row] as number] === after.members[after.rows[row] as number]) continue;
      moves.push(nowMs);
      moved++;
    }
    report.rowsMoved = Math.max(report.rowsMoved, moved / options.rows);
    plane.apply(after);
  }

  function inForce({ members, rows: pinnedRows, keptRows, wanted }: PinnedRows) {
    return options.pinned
      ? { members, rows: pinnedRows, keptRows }
      : { members, rows: wanted, keptRows: new Uint32Array() };
  }

  function deliver(connection: Connection, id: string, nowMs: number): void {
    const life = backends.lifeOf(id) as number;
    const { backend: former, lastPacketMs } = connection;
    connection.backend = { id, life };
    if (former === undefined || (former.id === id && former.life === life)) return;
    // Its client opens another one, of the same 5-tuple.
    if (backends.lifeOf(former.id) !== former.life) report.endedWithBackend++;
    else if (wasSilent(connection, nowMs)) report.movedAfterSilence++;
    else
      broken.push(
        `flow ${connection.flow} of row ${connection.row}, at ${nowMs} ms, last packet at ${lastPacketMs} ms: ${former.id} to ${id}`,
      );
  }

  /** Longer than a row learns before it moves, or than the data plane remembers anyone. */
  function wasSilent({ row, lastPacketMs }: Connection, nowMs: number): boolean {
    if (nowMs - lastPacketMs >= options.flowTimeoutMs) return true;
    const moveMs = movesOfRow[row]?.find((ms) => ms > lastPacketMs);
    return moveMs !== undefined && moveMs - lastPacketMs > options.timing.learnMs;
  }

  function keptShare(nowMs: number): number {
    let remembered = 0;
    for (const { flow } of connections.all()) if (plane.remembers(flow, nowMs)) remembered++;
    return remembered / options.connections;
  }
}

function tableOf(backends: Backends, { table, rows }: PinsOptions): MemberTable {
  const members = backends.members();
  const makeTable = table === 'maglev' ? maglevTable : rendezvousTable;
  return { members: members.map(({ id }) => id), rows: makeTable({ members, rows }) };
}
