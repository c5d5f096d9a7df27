import { type ChoiceMember, takesNew } from './choice-member.js';
import { indexesOf, LIST_LENGTH, NOBODY, RANKED_ROWS } from './row-ranks.js';

export interface Choosing {
  /** For each row, {@link LIST_LENGTH} members, the best-ranked first, of distinct addresses. */
  readonly lists: Uint16Array;
  readonly members: readonly ChoiceMember[];
  readonly choices: number;
  /** Finds the best-ranked of some members in a row. */
  readonly bestOf: (among: readonly number[]) => (row: number) => number;
}

/**
 * The choices of all rows. First comes the best-ranked member that takes new connections; then the others as they are ranked.
 *
 * So whoever may hold an older connection of a row is among its choices, as long as fewer members than choices are on their way
 * in or out or unhealthy: only such a member can stand before it. And with at most one such member the first two are GLB's.
 */
export function chooseAll({ lists, members, choices, bestOf }: Choosing): Uint16Array {
  const takers = takersOf(members);
  const takes = new Uint8Array(members.length);
  for (const index of takers) takes[index] = 1;
  const bestTaker = bestOf(takers);
  const rows = new Uint16Array(RANKED_ROWS * choices).fill(NOBODY);
  for (let row = 0; row < RANKED_ROWS; row++) {
    const list = row * LIST_LENGTH;
    let first = NOBODY;
    for (let place = list; place < list + LIST_LENGTH && first === NOBODY; place++) {
      const member = lists[place] as number;
      if (takes[member] === 1) first = member;
    }
    // All that are listed are off at once: rare, and worth a look at those who are not.
    if (first === NOBODY && takers.length > 0) first = bestTaker(row);
    if (first === NOBODY) continue;
    const end = (row + 1) * choices;
    let at = row * choices;
    rows[at++] = first;
    for (let place = list; place < list + LIST_LENGTH && at < end; place++) {
      const member = lists[place] as number;
      if (member === NOBODY) break;
      if (member !== first && members[member]?.address !== members[first]?.address) rows[at++] = member;
    }
  }
  return rows;
}

/** Who may come first: those that take new connections; if nobody does, the healthy; if nobody is, whoever is there. */
function takersOf(members: readonly ChoiceMember[]): number[] {
  const present = indexesOf(members, ({ state }) => state !== 'inactive');
  const among = (isWanted: (member: ChoiceMember) => boolean) =>
    present.filter((index) => isWanted(members[index] as ChoiceMember));
  const taking = among(takesNew);
  if (taking.length > 0) return taking;
  const healthy = among((member) => member.healthy);
  return healthy.length > 0 ? healthy : present;
}
