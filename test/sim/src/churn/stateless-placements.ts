import type { Fleet } from './fleet.js';
import type { Flows } from './flows.js';
import type { Memory, Placement } from './protection.js';

const NO_STATE = { nodeBytes: 0, redisBytes: 0 } as const;

/** No protection: hash modulo the number of members. */
export class ModuloPlacement implements Placement {
  readonly extraHops = 0;
  readonly lookups = 0;
  readonly #flows: Flows;
  #members: readonly number[] = [];

  constructor(flows: Flows) {
    this.#flows = flows;
  }

  change(fleet: Fleet): void {
    this.#members = fleet.members.serving();
  }

  memberOf(flow: number): number {
    return this.#members[(this.#flows.hash[flow] as number) % this.#members.length] as number;
  }

  memory(): Memory {
    return { ...NO_STATE, tableBytes: this.#members.length * Uint32Array.BYTES_PER_ELEMENT };
  }
}

/** Consistent hashing, and nothing else. */
export class MaglevPlacement implements Placement {
  readonly extraHops = 0;
  readonly lookups = 0;
  readonly #flows: Flows;
  #rows: Uint16Array = new Uint16Array();

  constructor(flows: Flows) {
    this.#flows = flows;
  }

  change(fleet: Fleet): void {
    this.#rows = fleet.maglevRows();
  }

  memberOf(flow: number): number {
    return this.#rows[(this.#flows.hash[flow] as number) % this.#rows.length] as number;
  }

  memory(): Memory {
    return { ...NO_STATE, tableBytes: this.#rows.length * Uint32Array.BYTES_PER_ELEMENT };
  }
}
