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
        place: fc.integer({ min: 1, max: 8 }),
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

/** A member that may be there; at `place` of a table of many, so that no two are of one address and label. */
interface Slot {
  readonly isThere: boolean;
  /** Its address or its label may be another one, under the same id. */
  readonly network: number;
  readonly label: string | undefined;
  readonly state: MemberState;
  readonly healthy: boolean;
}

const PLACES = 20;
const slot: fc.Arbitrary<Slot> = fc.record({
  isThere: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
  network: fc.constantFrom(0, 0, 0, 1),
  label: fc.constantFrom(undefined, undefined, 'b'),
  state: fc.oneof({ weight: 2, arbitrary: fc.constant<MemberState>('active') }, fc.constantFrom(...states)),
  healthy: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
});

/** Lists of members, each after a few changes to the one before; the last four share addresses with the first four. */
export const someChanges: fc.Arbitrary<ChoiceMember[][]> = fc
  .record({
    start: fc.array(slot, { minLength: PLACES, maxLength: PLACES }),
    steps: fc.array(fc.array(fc.record({ at: fc.nat(PLACES - 1), to: slot }), { minLength: 1, maxLength: 3 }), {
      minLength: 3,
      maxLength: 6,
    }),
  })
  .map(({ start, steps }) => {
    let slots = start;
    const lists = [membersIn(slots)];
    for (const [index, step] of steps.entries()) {
      for (const { at, to } of step) slots = slots.with(at, to);
      const members = membersIn(slots);
      lists.push(index % 2 === 0 ? members : members.reverse());
    }
    return lists;
  });

function membersIn(slots: readonly Slot[]): ChoiceMember[] {
  return slots.flatMap(({ isThere, network, label, state, healthy }, place) => {
    const isSecond = place >= PLACES - 4;
    const name = isSecond ? `second ${label}` : label;
    const address = `10.${network}.0.${isSecond ? place - (PLACES - 4) : place}`;
    const member = { id: `${place}`, address, state, healthy, ...(name !== undefined && { label: name }) };
    return isThere ? [member] : [];
  });
}
