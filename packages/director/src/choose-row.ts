import { takesNew } from './choice-member.js';
import type { RankedMember } from './ranked-member.js';
import { indexesOf, LIST_LENGTH, NOBODY, RANKED_ROWS, type RowRanks } from './row-ranks.js';

/**
 * The choices of all rows. First comes the best-ranked member that takes new connections; then the others as they are ranked,
 * the unhealthy last if more than one member of the table is on its way in or out or unhealthy.
 *
 * So whoever may hold an older connection of a row is among its choices, as long as fewer members than choices are on their way
 * in or out or unhealthy: only such a member can stand before it. And with at most one such member the first two are GLB's.
 * Who is dead passes nothing on, so it must not be asked before one that may know the connection.
 *
 * @param ranks  of these members; its lists are made, and nothing else is asked of it afterwards
 * @returns for each row so many indexes into members, or {@link NOBODY}
 */
export async function chooseAll(
  ranks: RowRanks,
  members: readonly RankedMember[],
  choices: number,
): Promise<Uint16Array> {
  const takers = takersOf(members);
  const standings = standingsOf(members, takers);
  const isAskedLast = askedLast(members);
  const { lists } = ranks;
  const rows = new Uint16Array(RANKED_ROWS * choices);
  const chooseRow = (row: number, first: number) => {
    const end = (row + 1) * choices;
    let at = row * choices;
    rows[at++] = first;
    const address = members[first]?.address;
    for (let place = row * LIST_LENGTH; place < (row + 1) * LIST_LENGTH && at < end; place++) {
      const member = lists[place] as number;
      if (member !== first && (member === NOBODY || members[member]?.address !== address)) rows[at++] = member;
    }
    rows.fill(NOBODY, at, end);
    if (isAskedLast !== undefined) moveToEnd(rows, row * choices + 1, end, isAskedLast);
  };
  const hardRows: number[] = [];
  for (let row = 0; row < RANKED_ROWS; row++) {
    const first = firstOf(lists, row, standings);
    if (first === NOBODY) hardRows.push(row);
    else chooseRow(row, first);
  }
  // What these rows list does not say who comes first: look at all.
  const best = await ranks.bestOf(takers, hardRows);
  for (const [index, row] of hardRows.entries()) chooseRow(row, best[index] as number);
  return rows;
}

/** 1 for each member that stands behind the others of its row; nothing if the order is that of the ranks. */
function askedLast(members: readonly RankedMember[]): Uint8Array | undefined {
  const present = members.map(({ member }) => member).filter(({ state }) => state !== 'inactive');
  const off = present.filter(({ state, healthy }) => state !== 'active' || !healthy);
  if (off.length <= 1 || off.every(({ healthy }) => healthy)) return undefined;
  return Uint8Array.from(members, ({ member }) => Number(!member.healthy));
}

/** Of some places of a row: who is asked last, and nobody, behind the others; else the order stays. */
function moveToEnd(rows: Uint16Array, from: number, end: number, isAskedLast: Uint8Array): void {
  let to = from;
  for (let place = from; place < end; place++) {
    const member = rows[place] as number;
    if (isAskedLast[member] !== 0) continue;
    rows.copyWithin(to + 1, to, place);
    rows[to++] = member;
  }
}

/** Whether a member may come first, as far as its row's list says. */
const Standing = { no: 0, yes: 1, otherLabel: 2 } as const;

/** A list has an address once: of one whose best label may not come first, another label may. */
function standingsOf(members: readonly RankedMember[], takers: readonly number[]): Uint8Array {
  const addresses = new Set(takers.map((index) => members[index]?.address));
  const standings = Uint8Array.from(members, ({ address }) =>
    addresses.has(address) ? Standing.otherLabel : Standing.no,
  );
  for (const index of takers) standings[index] = Standing.yes;
  return standings;
}

function firstOf(lists: Uint16Array, row: number, standings: Uint8Array): number {
  for (let place = row * LIST_LENGTH; place < (row + 1) * LIST_LENGTH; place++) {
    const member = lists[place] as number;
    if (standings[member] === Standing.yes) return member;
    if (standings[member] === Standing.otherLabel) return NOBODY;
  }
  return NOBODY;
}

/** Who may come first: those that take new connections; if nobody does, the healthy; if nobody is, whoever is there. */
function takersOf(members: readonly RankedMember[]): number[] {
  const taking = indexesOf(members, ({ member }) => takesNew(member));
  if (taking.length > 0) return taking;
  const healthy = indexesOf(members, ({ member }) => member.healthy && member.state !== 'inactive');
  return healthy.length > 0 ? healthy : indexesOf(members, ({ member }) => member.state !== 'inactive');
}
