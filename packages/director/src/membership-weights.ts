import type { ChoiceMember } from './choice-member.js';

/** A member that may stand in a table several times. */
export interface WeightedChoiceMember extends Omit<ChoiceMember, 'label'> {
  /** Share of the rows, a whole number; 0: it is in no row. */
  readonly weight: number;
}

/**
 * The entries of a member: as many as its weight says. The first one has no label, so with weights of 1 the table is GLB's;
 * the others are called after it, `web1 #2`, and have the label `#2`.
 */
export function entriesOfWeight({ weight, ...member }: WeightedChoiceMember): ChoiceMember[] {
  return Array.from({ length: weight }, (_, i) =>
    i === 0 ? member : { ...member, id: `${member.id} #${i + 1}`, label: `#${i + 1}` },
  );
}
