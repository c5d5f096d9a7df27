import type { Chance } from '../chance.js';

/** A connection of a client; when it ends, another begins in its place. */
export interface Connection {
  /** Its 5-tuple, as a number. */
  readonly flow: number;
  readonly row: number;
  /** Between packets, on average. */
  readonly gapMs: number;
  readonly endMs: number;
  /** Where its packets went so far; undefined: it has sent none. */
  backend?: { readonly id: string; readonly life: number };
  lastPacketMs: number;
}

/** Short requests, people who type, and connections that mostly rest. */
const kinds = [
  { gapMs: 500, durationMs: 20_000 },
  { gapMs: 8000, durationMs: 300_000 },
  { gapMs: 45_000, durationMs: 1_800_000 },
] as const;

/** Connections in the order of their next packets: time goes in steps of 100 ms. */
export class Connections {
  static readonly stepMs = 100;
  readonly #chance: Chance;
  readonly #rows: number;
  readonly #dueAtStep = new Map<number, Connection[]>();
  /** So many have begun. */
  begun = 0;

  constructor(chance: Chance, { connections, rows }: { readonly connections: number; readonly rows: number }) {
    this.#chance = chance;
    this.#rows = rows;
    for (let i = 0; i < connections; i++) this.#begin(0);
  }

  /** Those that send a packet now; each goes on, or ends and another begins. */
  *sendingAt(nowMs: number): Generator<Connection> {
    const step = nowMs / Connections.stepMs;
    for (const connection of this.#dueAtStep.get(step) ?? []) {
      yield connection;
      connection.lastPacketMs = nowMs;
      if (nowMs >= connection.endMs) this.#begin(nowMs);
      else this.#schedule(connection, nowMs);
    }
    this.#dueAtStep.delete(step);
  }

  /** All that live. */
  *all(): Generator<Connection> {
    for (const due of this.#dueAtStep.values()) yield* due;
  }

  #begin(nowMs: number): void {
    const { gapMs, durationMs } = this.#chance.pick(kinds) as (typeof kinds)[number];
    const endMs = nowMs + this.#chance.exponential(durationMs);
    const row = this.#chance.below(this.#rows);
    this.#schedule({ flow: this.begun++, row, gapMs, endMs, lastPacketMs: nowMs }, nowMs);
  }

  #schedule(connection: Connection, nowMs: number): void {
    const step = Math.floor((nowMs + this.#chance.exponential(connection.gapMs)) / Connections.stepMs) + 1;
    const due = this.#dueAtStep.get(step);
    if (due === undefined) this.#dueAtStep.set(step, [connection]);
    else due.push(connection);
  }
}
