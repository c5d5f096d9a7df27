import { canonicalAddress } from '@weir/packet';
import type { ChoiceMember } from './choice-member.js';
import { chooseAll } from './choose-row.js';
import { DirectorError } from './director-error.js';
import { indexesOf, LIST_LENGTH, NOBODY, RANKED_ROWS, RowRanks } from './row-ranks.js';

/** Rows of a choice table. */
export const CHOICE_ROWS = RANKED_ROWS;
/** A row has fewer choices than asked for: there are fewer addresses. */
export const NO_CHOICE = NOBODY;
export const CHOICES_MIN = 2;
export const CHOICES_MAX = 4;
export const DEFAULT_CHOICES = 3;
export const CHOICE_MEMBERS_MAX = 65_535;

const SEED_BYTES = 16;

export interface ChoiceTableOptions {
  /** 16 bytes, secret, the same on all nodes; another one for each table, so that their rows differ. */
  readonly seed: Uint8Array;
  /** Of each row, {@link CHOICES_MIN} to {@link CHOICES_MAX}. Default {@link DEFAULT_CHOICES}. */
  readonly choices?: number;
}

/** A table after a change, and the rows whose choices are not the same members as before, ascending. */
export interface ChangedChoiceTable {
  readonly table: ChoiceTable;
  readonly changedRows: Uint32Array;
}

/**
 * GLB's rendezvous table: in each row all members have an order by chance, which never depends on a third, and its first k are
 * the row's choices: the members that a packet tries. First of them comes the first in the order that takes new connections.
 *
 * A member's score in a row is SipHash-2-4(seed, row's seed || address || label), its 8 bytes read as a big-endian number; the least
 * comes first. The row's seed is SipHash-2-4(seed, row as 4 bytes, big-endian).
 *
 * @see GLB director, docs/development/glb-hashing.md
 */
export class ChoiceTable {
  readonly members: readonly ChoiceMember[];
  readonly choices: number;
  /** For each of {@link CHOICE_ROWS} rows, {@link choices} indexes into {@link members}, or {@link NO_CHOICE}. */
  readonly rows: Uint16Array;
  readonly #seed: Uint8Array;
  /** For each row, the members ranked best, whatever their state; of distinct addresses. */
  readonly #lists: Uint16Array;

  private constructor(seed: Uint8Array, choices: number, members: readonly ChoiceMember[], ranks: RowRanks) {
    this.#seed = seed;
    this.choices = choices;
    this.members = members;
    this.#lists = ranks.lists.slice();
    this.rows = chooseAll({ lists: this.#lists, members, choices, bestOf: (among) => ranks.lookAt(among) });
  }

  /**
   * Ranks all members in all rows; the event loop has its turn every few milliseconds.
   *
   * @throws {DirectorError} SEED_INVALID, CHOICES_INVALID, DUPLICATE_MEMBER, TOO_MANY_MEMBERS
   * @throws AddressError ADDRESS_INVALID
   */
  static async build(options: ChoiceTableOptions, members: readonly ChoiceMember[]): Promise<ChoiceTable> {
    const { seed, choices = DEFAULT_CHOICES } = options;
    checkOptions(seed, choices);
    checkMembers(members);
    const ranks = new RowRanks(seed, members);
    await ranks.rankAll();
    return new ChoiceTable(seed.slice(), choices, [...members], ranks);
  }

  /**
   * The table of these members, exactly as {@link build} makes it, by what differs from this table's: a new state or new health
   * hashes nothing, a member that joins is hashed once a row, and one that leaves only in the rows that list it.
   * Members are the same by id, address and label; they may stand in another order. This table stays as it is.
   *
   * @throws {DirectorError} DUPLICATE_MEMBER, TOO_MANY_MEMBERS
   * @throws AddressError ADDRESS_INVALID
   */
  async change(members: readonly ChoiceMember[]): Promise<ChangedChoiceTable> {
    checkMembers(members);
    const { moved, joined } = compareMembers(this.members, members);
    const ranks = new RowRanks(this.#seed, members);
    if (joined.length * 2 > members.length) {
      await ranks.rankAll();
    } else {
      const staleRows = moveLists(this.#lists, moved, ranks.lists);
      await ranks.rankRows(staleRows);
      await ranks.insert(joined);
    }
    const table = new ChoiceTable(this.#seed, this.choices, [...members], ranks);
    return { table, changedRows: differingRows(this.rows, moved, table.rows, this.choices) };
  }
}

function checkOptions(seed: Uint8Array, choices: number): void {
  if (seed.byteLength !== SEED_BYTES) {
    throw new DirectorError('SEED_INVALID', `a table's seed has ${SEED_BYTES} bytes, not ${seed.byteLength}`);
  }
  if (!Number.isInteger(choices) || choices < CHOICES_MIN || choices > CHOICES_MAX) {
    const message = `a row has ${CHOICES_MIN} to ${CHOICES_MAX} choices, not ${choices}`;
    throw new DirectorError('CHOICES_INVALID', message, { details: { choices } });
  }
}

function checkMembers(members: readonly ChoiceMember[]): void {
  if (members.length > CHOICE_MEMBERS_MAX) {
    const message = `a choice table has at most ${CHOICE_MEMBERS_MAX} members, not ${members.length}`;
    throw new DirectorError('TOO_MANY_MEMBERS', message, { details: { members: members.length } });
  }
  const ids = new Set<string>();
  const hashed = new Map<string, string>();
  for (const { id, address, label = '' } of members) {
    if (ids.has(id)) {
      throw new DirectorError('DUPLICATE_MEMBER', `two members are called "${id}"`, { details: { id } });
    }
    ids.add(id);
    const key = JSON.stringify([canonicalAddress(address), label]);
    const other = hashed.get(key);
    if (other !== undefined) {
      const message = `"${other}" and "${id}" have the same address, ${address}, and the same label "${label}": several members of one address need distinct labels`;
      throw new DirectorError('DUPLICATE_MEMBER', message, { details: { id, other, address, label } });
    }
    hashed.set(key, id);
  }
}

/** Where each member of the old table is in the new one ({@link NOBODY}: in no row), and who is new in it. */
function compareMembers(from: readonly ChoiceMember[], to: readonly ChoiceMember[]) {
  const ranked = indexesOf(to, ({ state }) => state !== 'inactive');
  const places = new Map(ranked.map((index) => [keyOf(to[index] as ChoiceMember), index]));
  const moved = Uint16Array.from({ length: NOBODY + 1 }, () => NOBODY);
  for (const [index, member] of from.entries()) {
    const key = keyOf(member);
    if (member.state === 'inactive') continue;
    moved[index] = places.get(key) ?? NOBODY;
    places.delete(key);
  }
  return { moved, joined: [...places.values()] };
}

function keyOf({ id, address, label = '' }: ChoiceMember): string {
  return JSON.stringify([id, canonicalAddress(address), label]);
}

/** Writes the old lists with the new indexes; returns the rows in which somebody is missing. */
function moveLists(from: Uint16Array, moved: Uint16Array, to: Uint16Array): number[] {
  const stale: number[] = [];
  for (let row = 0; row < RANKED_ROWS; row++) {
    let isStale = false;
    for (let place = row * LIST_LENGTH; place < (row + 1) * LIST_LENGTH; place++) {
      const before = from[place] as number;
      const after = moved[before] as number;
      to[place] = after;
      if (after === NOBODY && before !== NOBODY) isStale = true;
    }
    if (isStale) stale.push(row);
  }
  return stale;
}

function differingRows(from: Uint16Array, moved: Uint16Array, to: Uint16Array, choices: number): Uint32Array {
  const changed: number[] = [];
  for (let row = 0; row < RANKED_ROWS; row++) {
    for (let place = row * choices; place < (row + 1) * choices; place++) {
      const before = from[place] as number;
      const after = to[place] as number;
      if (moved[before] === after && (before === NOBODY) === (after === NOBODY)) continue;
      changed.push(row);
      break;
    }
  }
  return Uint32Array.from(changed);
}
