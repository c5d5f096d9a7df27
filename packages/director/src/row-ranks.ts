import { setImmediate as nextTurn } from 'node:timers/promises';
import { addressToBytes, bytesToAddress } from '@weir/packet';
import type { ChoiceMember } from './choice-member.js';
import { type RowRanksModule, rowRanksModule } from './row-ranks-module.js';
import { siphashBlocks } from './siphash-blocks.js';

/** In a row's list: nobody, as there are fewer addresses. */
export const NOBODY = 0xffff;
/** Rows of a table. */
export const RANKED_ROWS = 65_536;
/** Members that a row's list holds: the best-ranked, of distinct addresses. */
export const LIST_LENGTH = 8;

const ROW_SEED_BYTES = 8;
/** Between two turns of the event loop; about 5 ms of one core. */
const HASHES_PER_TURN = 400_000;

/** Ranks members in rows. It works in a memory of its own, and is done with when its lists have been taken. */
export class RowRanks {
  readonly #module: RowRanksModule;
  readonly #count: number;

  /** @param members  at most 65,535, inactive ones among them are not ranked */
  constructor(seed: Uint8Array, members: readonly ChoiceMember[]) {
    this.#module = rowRanksModule();
    this.#place(seed, members);
    this.#count = this.#setCandidates(indexesOf(members, ({ state }) => state !== 'inactive'));
  }

  /** Ranks all members in all rows. */
  async rankAll(): Promise<void> {
    const rowsPerTurn = Math.max(1, Math.floor(HASHES_PER_TURN / Math.max(1, this.#count)));
    for (let row = 0; row < RANKED_ROWS; row += rowsPerTurn) {
      this.#module.rankRows(row, Math.min(row + rowsPerTurn, RANKED_ROWS), this.#count);
      await nextTurn();
    }
  }

  /** Ranks all members in some rows. */
  async rankRows(rows: readonly number[]): Promise<void> {
    const rowsPerTurn = Math.max(1, Math.floor(HASHES_PER_TURN / Math.max(1, this.#count)));
    for (const [index, row] of rows.entries()) {
      this.#module.rankRows(row, row + 1, this.#count);
      if (index % rowsPerTurn === rowsPerTurn - 1) await nextTurn();
    }
  }

  /** Puts members where they belong into the lists of all rows, which rank the others. */
  async insert(members: readonly number[]): Promise<void> {
    for (const member of members) {
      this.#module.insertMember(member);
      await nextTurn();
    }
  }

  /** {@link LIST_LENGTH} members for each row, the best first. Seen in place: to be copied before anything else is called. */
  get lists(): Uint16Array {
    return new Uint16Array(this.#module.memory.buffer, this.#module.ranks.value, RANKED_ROWS * LIST_LENGTH);
  }

  /** For the rest of this object's life, {@link bestInRow} looks at these; nothing can be ranked any more. */
  lookAt(members: readonly number[]): (row: number) => number {
    const count = this.#setCandidates(members);
    return (row) => this.#module.bestOf(row, count);
  }

  #place(seed: Uint8Array, members: readonly ChoiceMember[]): void {
    const messages = members.map((member) => siphashBlocks(hashedBytes(member), ROW_SEED_BYTES));
    const bytes = messages.reduce((sum, { byteLength }) => sum + byteLength, 0);
    this.#module.reserve(members.length, bytes / 8);
    const { memory, seed: seedAt, starts, addresses, blocks } = this.#module;
    const view = new DataView(memory.buffer);
    const all = new Uint8Array(memory.buffer);
    all.set(seed, seedAt.value);
    const numbers = addressNumbers(members);
    let at = blocks.value;
    for (const [index, message] of messages.entries()) {
      view.setUint32(starts.value + index * 4, at, true);
      view.setUint32(addresses.value + index * 4, numbers[index] as number, true);
      all.set(message, at);
      at += message.byteLength;
    }
    view.setUint32(starts.value + members.length * 4, at, true);
  }

  #setCandidates(indexes: readonly number[]): number {
    new Uint16Array(this.#module.memory.buffer, this.#module.candidates.value, indexes.length).set(indexes);
    return indexes.length;
  }
}

/** What of a member is hashed, after the row's seed. */
function hashedBytes({ address, label = '' }: ChoiceMember): Uint8Array {
  return Buffer.concat([addressToBytes(address), Buffer.from(label)]);
}

/** Members of one address get one number. */
function addressNumbers(members: readonly ChoiceMember[]): number[] {
  const numbers = new Map<string, number>();
  return members.map(({ address }) => {
    const text = bytesToAddress(addressToBytes(address));
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  });
}

/** Indexes of those members of which something is true. */
export function indexesOf(members: readonly ChoiceMember[], isWanted: (member: ChoiceMember) => boolean): number[] {
  return members.flatMap((member, index) => (isWanted(member) ? [index] : []));
}
