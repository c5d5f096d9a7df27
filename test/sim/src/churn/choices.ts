import { CHOICE_ROWS, ChoiceTable, NO_CHOICE } from '@weir/director';
import { type Machines, NOBODY, numberOfAddress } from './machines.js';

/** Any 16 bytes: tables of the simulation need to be the same in each run, and no secret. */
const SEED = Uint8Array.from({ length: 16 }, (_, i) => i);

/** A {@link ChoiceTable} over machines, by their numbers. */
export class Choices {
  readonly perRow: number;
  #table: ChoiceTable | undefined;
  #version: number | undefined;
  /** Row by row the numbers of the machines, {@link NOBODY} where there are fewer. */
  #numbers: Uint16Array = new Uint16Array();

  constructor(perRow: number) {
    this.perRow = perRow;
  }

  async change(machines: Machines): Promise<void> {
    if (machines.version === this.#version) return;
    this.#version = machines.version;
    const members = machines.choiceMembers();
    this.#table =
      this.#table === undefined
        ? await ChoiceTable.build({ seed: SEED, choices: this.perRow }, members)
        : (await this.#table.change(members)).table;
    const numbers = this.#table.members.map(({ address }) => numberOfAddress(address));
    this.#numbers = this.#table.rows.map((index) => (index === NO_CHOICE ? NOBODY : (numbers[index] as number)));
  }

  /** {@link NOBODY}: there is no such choice. */
  at(row: number, choice: number): number {
    return this.#numbers[row * this.perRow + choice] as number;
  }

  get bytes(): number {
    return CHOICE_ROWS * this.perRow * Uint32Array.BYTES_PER_ELEMENT;
  }
}
