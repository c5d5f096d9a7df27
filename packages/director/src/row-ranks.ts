import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RankedMember } from './ranked-member.js';
import { type RowRanksModule, rowRanksModule } from './row-ranks-module.js';

/** In a row's list: nobody, as there are fewer addresses. */
export const NOBODY = 0xffff;
/** Rows of a table. */
export const RANKED_ROWS = 65_536;
/** Members that a row's list holds: the best-ranked, of distinct addresses. */
export const LIST_LENGTH = 8;

/** After so many the event loop has its turn: about 6 ms of one core. */
const HASHES_PER_TURN = 400_000;

/** Ranks members in rows, in a memory of its own. To be thrown away once its lists have been taken. */
export class RowRanks {
  readonly #module: RowRanksModule = rowRanksModule();
  #candidates = 0;

  /** @param seed  16 bytes */
  constructor(seed: Uint8Array, members: readonly RankedMember[]) {
    this.#place(seed, members);
    this.#lookAt(indexesOf(members, ({ member }) => member.state !== 'inactive'));
  }

  /** {@link LIST_LENGTH} members for each row, the best first. They are where they are computed: copy what is to stay. */
  get lists(): Uint16Array {
    return new Uint16Array(this.#module.memory.buffer, this.#module.ranks.value, RANKED_ROWS * LIST_LENGTH);
  }

  /** Ranks all members in all rows. */
  async rankAll(): Promise<void> {
    for (let row = 0; row < RANKED_ROWS; row += this.#rowsPerTurn) {
      this.#module.rankRows(row, Math.min(row + this.#rowsPerTurn, RANKED_ROWS), this.#candidates);
      await nextTurn();
    }
  }

  /** Ranks all members in some rows. */
  async rankRows(rows: readonly number[]): Promise<void> {
    for (const [index, row] of rows.entries()) {
      this.#module.rankRows(row, row + 1, this.#candidates);
      if ((index + 1) % this.#rowsPerTurn === 0) await nextTurn();
    }
  }

  /** Puts members where they belong into the lists of all rows; these rank the others already. */
  async insert(members: readonly number[]): Promise<void> {
    for (const member of members) {
      this.#module.insertMember(member);
      await nextTurn();
    }
  }

  /** The best-ranked of some members in each of some rows. Nothing else can be ranked afterwards. */
  async bestOf(members: readonly number[], rows: readonly number[]): Promise<number[]> {
    this.#lookAt(members);
    const best: number[] = [];
    for (const [index, row] of rows.entries()) {
      best.push(this.#module.bestOf(row, this.#candidates));
      if ((index + 1) % this.#rowsPerTurn === 0) await nextTurn();
    }
    return best;
  }

  get #rowsPerTurn(): number {
    return Math.ceil(HASHES_PER_TURN / Math.max(1, this.#candidates));
  }

  #place(seed: Uint8Array, members: readonly RankedMember[]): void {
    const blockBytes = members.reduce((sum, { blocks }) => sum + blocks.byteLength, 0);
    this.#module.reserve(members.length, blockBytes / 8);
    const { memory, seed: seedAt, starts, addresses, blocks: blocksAt } = this.#module;
    const bytes = new Uint8Array(memory.buffer);
    const startOf = new Uint32Array(memory.buffer, starts.value, members.length + 1);
    const addressOf = new Uint32Array(memory.buffer, addresses.value, members.length);
    bytes.set(seed, seedAt.value);
    const numbers = new Map<string, number>();
    let at = blocksAt.value;
    for (const [index, { address, blocks }] of members.entries()) {
      const number = numbers.get(address) ?? numbers.size;
      numbers.set(address, number);
      addressOf[index] = number;
      startOf[index] = at;
      bytes.set(blocks, at);
      at += blocks.byteLength;
    }
    startOf[members.length] = at;
  }

  #lookAt(members: readonly number[]): void {
    new Uint16Array(this.#module.memory.buffer, this.#module.candidates.value, members.length).set(members);
    this.#candidates = members.length;
  }
}

/** Indexes of those of which something is true. */
export function indexesOf<T>(all: readonly T[], isWanted: (one: T) => boolean): number[] {
  return all.flatMap((one, index) => (isWanted(one) ? [index] : []));
}
