import type { ChoiceMember } from './choice-member.js';
import { chooseAll } from './choose-row.js';
import { DirectorError } from './director-error.js';
import { isSameMember, type RankedMember, rankedMembers } from './ranked-member.js';
import { LIST_LENGTH, NOBODY, RANKED_ROWS, RowRanks } from './row-ranks.js';

/** Rows of a choice table. */
export const CHOICE_ROWS = RANKED_ROWS;
/** A row has fewer choices than asked for: there are fewer addresses. */
export const NO_CHOICE = NOBODY;
export const CHOICES_MIN = 2;
export const CHOICES_MAX = 4;
export const DEFAULT_CHOICES = 3;

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
  readonly #ranked: readonly RankedMember[];
  /** For each row, the members ranked best, whatever their state; of distinct addresses. */
  readonly #lists: Uint16Array;

  private constructor(seed: Uint8Array, ranked: readonly RankedMember[], lists: Uint16Array, rows: Uint16Array) {
    this.#seed = seed;
    this.#ranked = ranked;
    this.#lists = lists;
    this.members = ranked.map(({ member }) => member);
    this.rows = rows;
    this.choices = rows.length / CHOICE_ROWS;
  }

  /**
   * Ranks all members in all rows: 1,000 members take about 1 s of one core, in which the event loop has its turn every few
   * milliseconds.
   *
   * @throws {DirectorError} SEED_INVALID, CHOICES_INVALID, DUPLICATE_MEMBER, TOO_MANY_MEMBERS
   * @throws AddressError ADDRESS_INVALID
   */
  static async build(options: ChoiceTableOptions, members: readonly ChoiceMember[]): Promise<ChoiceTable> {
    const { choices = DEFAULT_CHOICES } = options;
    checkOptions(options.seed, choices);
    // Not slice(): of a Buffer that is a view.
    const seed = Uint8Array.from(options.seed);
    const ranked = await rankedMembers(members);
    const ranks = new RowRanks(seed, ranked);
    await ranks.rankAll();
    return new ChoiceTable(seed, ranked, ranks.lists.slice(), await chooseAll(ranks, ranked, choices));
  }

  /**
   * The table of these members, exactly as {@link build} makes it, from what differs: a new state or new health hashes nothing, a
   * member that joins is hashed once for each row, and one that leaves makes only the rows that list it be ranked anew. Members
   * are the same by id, address and label; they may stand in another order. This table stays as it is.
   *
   * @throws {DirectorError} DUPLICATE_MEMBER, TOO_MANY_MEMBERS
   * @throws AddressError ADDRESS_INVALID
   */
  async change(members: readonly ChoiceMember[]): Promise<ChangedChoiceTable> {
    const ranked = await rankedMembers(members, this.#ranked);
    const { moved, joined } = compareMembers(this.#ranked, ranked);
    const ranks = new RowRanks(this.#seed, ranked);
    if (joined.length * 2 > ranked.length) {
      await ranks.rankAll();
    } else {
      await ranks.rankRows(moveLists(this.#lists, moved, ranks.lists));
      await ranks.insert(joined);
    }
    const rows = await chooseAll(ranks, ranked, this.choices);
    const table = new ChoiceTable(this.#seed, ranked, ranks.lists.slice(), rows);
    return { table, changedRows: differingRows(this.rows, moved, rows, this.choices) };
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

/** Where each member of the old table is in the new one ({@link NOBODY}: in no row), and who is new in it. */
function compareMembers(from: readonly RankedMember[], to: readonly RankedMember[]) {
  const before = new Map(from.map((ranked, index) => [ranked.member.id, { ranked, index }]));
  const moved = new Uint16Array(NOBODY + 1).fill(NOBODY);
  const joined: number[] = [];
  for (const [index, ranked] of to.entries()) {
    if (ranked.member.state === 'inactive') continue;
    const old = before.get(ranked.member.id);
    if (old !== undefined && old.ranked.member.state !== 'inactive' && isSameMember(old.ranked, ranked)) {
      moved[old.index] = index;
    } else {
      joined.push(index);
    }
  }
  return { moved, joined };
}

/** Writes the old lists with the new indexes; returns the rows in which somebody is missing. */
function moveLists(from: Uint16Array, moved: Uint16Array, to: Uint16Array): number[] {
  const stale: number[] = [];
  for (let row = 0; row < CHOICE_ROWS; row++) {
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
  for (let row = 0; row < CHOICE_ROWS; row++) {
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
