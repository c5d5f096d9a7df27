import { maglevTable } from '@weir/director';
import type { Chance } from '../chance.js';
import { SimError } from '../sim-error.js';
import type { Change, ChurnEvent } from './churn-event.js';
import { MACHINES_MAX, Machines, numberOfAddress } from './machines.js';

/**
 * The routers, the nodes behind them and the backends (the members of the nodes' tables). An event begins
 * ({@link Fleet.begin}) and is settled some time later ({@link Fleet.settle}).
 */
export class Fleet {
  readonly #chance: Chance;
  readonly members: Machines;
  readonly nodes: Machines;
  /** Another one: the routers hash anew. */
  routerSeed: number;
  #maglevRows: Uint16Array | undefined;

  constructor(chance: Chance, size: { readonly members: number; readonly nodes: number }) {
    this.#chance = chance;
    this.members = new Machines(size.members);
    this.nodes = new Machines(size.nodes);
    this.routerSeed = chance.bits();
  }

  /** Row to the number of a member, as `maglevTable` says. */
  maglevRows(): Uint16Array {
    if (this.#maglevRows === undefined) {
      const members = this.members.weightedMembers();
      this.#maglevRows = Uint16Array.from(maglevTable({ members }), (index) =>
        numberOfAddress((members[index] as { id: string }).id),
      );
    }
    return this.#maglevRows;
  }

  /** @throws {SimError} EVENT_IMPOSSIBLE */
  begin({ name, changes }: ChurnEvent, nowMs: number): void {
    const members = this.members.serving().length;
    const nodes = this.nodes.serving().length;
    for (const change of changes) this.#change(change, change.kind.startsWith('node') ? nodes : members, nowMs);
    this.#maglevRows = undefined;
    if (this.members.serving().length < 2 || this.nodes.serving().length < 2) {
      throw new SimError('EVENT_IMPOSSIBLE', `--events: "${name}" would leave fewer than 2 members or 2 nodes`);
    }
    if (this.members.count > MACHINES_MAX || this.nodes.count > MACHINES_MAX) {
      throw new SimError('EVENT_IMPOSSIBLE', `--events: with "${name}" there were more than ${MACHINES_MAX} machines`);
    }
  }

  settle(): void {
    this.members.settle();
    this.nodes.settle();
    this.#maglevRows = undefined;
  }

  #change({ kind, amount }: Change, all: number, nowMs: number): void {
    const count = 'count' in amount ? amount.count : Math.max(1, Math.round((all * amount.percent) / 100));
    switch (kind) {
      case 'add':
        this.members.add(count);
        break;
      case 'drain':
        this.members.drain(count, this.#chance);
        break;
      case 'crash':
        this.members.crash(count, this.#chance, nowMs);
        break;
      case 'node-add':
        this.nodes.add(count);
        break;
      case 'node-drain':
        this.nodes.drain(count, this.#chance);
        break;
      case 'node-crash':
        this.nodes.crash(count, this.#chance, nowMs);
        break;
      case 'rehash':
        this.routerSeed = this.#chance.bits();
    }
  }
}
