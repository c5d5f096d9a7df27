import { DirectorError } from './director-error.js';

/** Largest weight of a member. */
export const WEIGHT_MAX = 65_535;

/** One entry of a table. */
export interface WeightedMember {
  /** What all nodes know the member by: its address. */
  readonly id: string;
  /** Share of the rows, relative to the others; 0: none. */
  readonly weight: number;
}

/** A member with a weight, and where it stands in the list that was given. */
export interface ServingMember extends WeightedMember {
  readonly index: number;
}

/**
 * The members with a weight above 0, in the order of their ids: who comes first must not depend on the order in a file.
 *
 * @throws {DirectorError} NO_MEMBER, DUPLICATE_MEMBER, WEIGHT_INVALID
 */
export function servingMembers(members: readonly WeightedMember[]): ServingMember[] {
  const ids = new Set<string>();
  for (const { id, weight } of members) {
    if (ids.has(id)) throw new DirectorError('DUPLICATE_MEMBER', `member "${id}" is given twice`, { details: { id } });
    ids.add(id);
    if (Number.isInteger(weight) && weight >= 0 && weight <= WEIGHT_MAX) continue;
    throw new DirectorError(
      'WEIGHT_INVALID',
      `member "${id}" has weight ${weight}, not an integer from 0 to ${WEIGHT_MAX}`,
      { details: { id, weight } },
    );
  }
  const serving = members.map(({ id, weight }, index) => ({ id, weight, index })).filter(({ weight }) => weight > 0);
  if (serving.length === 0) throw new DirectorError('NO_MEMBER', 'no member has a weight above 0');
  return serving.sort((a, b) => (a.id < b.id ? -1 : 1));
}
