import { CHOICE_ROWS } from '@weir/director';
import { Choices } from './choices.js';
import type { Fleet } from './fleet.js';
import type { Flows } from './flows.js';
import { type Machines, NOBODY } from './machines.js';
import type { Memory, Placement } from './protection.js';

/** Second chance: a packet carries the choices of its row, and each that does not know its connection sends it on. */
export class SecondChancePlacement implements Placement {
  extraHops = 0;
  readonly lookups = 0;
  readonly #flows: Flows;
  readonly #choices: Choices;
  #members: Machines | undefined;

  constructor(flows: Flows, choices: number) {
    this.#flows = flows;
    this.#choices = new Choices(choices);
  }

  async change({ members }: Fleet): Promise<void> {
    this.extraHops = 0;
    this.#members = members;
    await this.#choices.change(members);
  }

  memberOf(flow: number, connected: number): number {
    const row = (this.#flows.hash[flow] as number) & (CHOICE_ROWS - 1);
    const first = this.#choices.at(row, 0);
    if (connected === NOBODY || connected === first) return first;
    for (let choice = 1; choice < this.#choices.perRow; choice++) {
      const member = this.#choices.at(row, choice);
      if (member === NOBODY) break;
      this.extraHops++;
      if (member === connected) return member;
      // Nobody is there to send it on.
      if (this.#members?.runs[member] === 0) break;
    }
    return NOBODY;
  }

  memory(): Memory {
    return { tableBytes: this.#choices.bytes, nodeBytes: 0, redisBytes: 0 };
  }
}
