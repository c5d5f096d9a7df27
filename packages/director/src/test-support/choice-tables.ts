import fc from 'fast-check';
import type { ChoiceMember, MemberState } from '../choice-member.js';
import { type ChoiceTable, NO_CHOICE } from '../choice-table.js';

export const exampleSeed = Uint8Array.from({ length: 16 }, (_, index) => index * 7);

/** So many active and healthy members. */
export function activeMembers(count: number): ChoiceMember[] {
  return Array.from({ length: count }, (_, index) => memberAt(`10.3.${index >> 8}.${index & 0xff}`));
}

/** A member that is called as its address. */
export function memberAt(address: string, rest: Partial<ChoiceMember> = {}): ChoiceMember {
  return { id: address, address, state: 'active', healthy: true, ...rest };
}

/** Ids of a row's choices. */
export function choicesOf({ rows, members, choices }: ChoiceTable, row: number): string[] {
  return Array.from(rows.subarray(row * choices, (row + 1) * choices))
    .filter((index) => index !== NO_CHOICE)
    .map((index) => members[index]?.id ?? `no member ${index}`);
}

/** How often each member is the n-th choice. */
export function countsOf({ rows, members, choices }: ChoiceTable, place: number): number[] {
  const counts = members.map(() => 0);
  for (let at = place; at < rows.length; at += choices)
    counts[rows[at] as number] = (counts[rows[at] as number] ?? 0) + 1;
  return counts;
}

const states: readonly MemberState[] = ['filling', 'active', 'draining', 'inactive'];

/** Members of both families, some with several labels, in any state. */
export const someMembers = (maxLength: number): fc.Arbitrary<ChoiceMember[]> =>
  fc
    .uniqueArray(
      fc.record({
        place: fc.integer({ min: 1, max: 40 }),
        family: fc.constantFrom(4, 6),
        label: fc.constantFrom(undefined, undefined, 'b', 'a label of more than eight bytes'),
        // Mostly as members are.
        state: fc.oneof({ weight: 3, arbitrary: fc.constant<MemberState>('active') }, fc.constantFrom(...states)),
        healthy: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
      }),
      { selector: ({ place, family, label }) => `${place} ${family} ${label}`, maxLength },
    )
    .map((some) =>
      some.map(({ place, family, label, state, healthy }) => {
        const address = family === 4 ? `10.3.0.${place}` : `fd00::${place.toString(16)}`;
        return { id: `${address} ${label}`, address, state, healthy, ...(label !== undefined && { label }) };
      }),
    );
