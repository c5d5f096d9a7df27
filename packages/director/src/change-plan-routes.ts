import type { ChoiceMember, MemberState } from './choice-member.js';
import { memberArrows } from './membership-rules.js';

/** A member and the states that it has to go through. */
export interface MemberRoute {
  readonly member: ChoiceMember;
  /** Without the one that it is in; empty: it is where it should be. */
  readonly states: readonly MemberState[];
}

/**
 * The way of every member of either list, first those in force, then those that join.
 *
 * An address that loses some of its entries (a lower weight) drains whole: otherwise its connections in the rows that it
 * loses would find it no more.
 */
export function changeRoutes(current: readonly ChoiceMember[], wanted: readonly ChoiceMember[]): MemberRoute[] {
  const wantedByPlace = new Map(wanted.map((member) => [placeOf(member), member]));
  const currentPlaces = new Set(current.map(placeOf));
  const joining = wanted.filter((member) => !currentPlaces.has(placeOf(member)));
  const shrinking = new Set(
    current.filter((member) => isPresent(member) && !isPresent(wantedByPlace.get(placeOf(member)))).map(addressOf),
  );
  const members = withDistinctIds([
    ...current,
    ...joining.map((member) => ({ ...member, state: 'inactive' as const })),
  ]);
  return members.map((member) => {
    const target = wantedByPlace.get(placeOf(member))?.state ?? 'inactive';
    const drainsFirst = shrinking.has(member.address) && isPresent(member) && target !== 'draining';
    return {
      member,
      states: drainsFirst
        ? [...shortestWay(member.state, 'inactive'), ...shortestWay('inactive', target)]
        : shortestWay(member.state, target),
    };
  });
}

/** Fewest arrows from one state to another. */
function shortestWay(from: MemberState, to: MemberState): readonly MemberState[] {
  let ways: readonly (readonly MemberState[])[] = [[from]];
  for (;;) {
    const found = ways.find((way) => way.at(-1) === to);
    if (found !== undefined) return found.slice(1);
    ways = ways.flatMap((way) => memberArrows[way.at(-1) ?? from].map((next) => [...way, next]));
  }
}

/** A member moved to another address is another member, though it has the name of the one that leaves. */
function withDistinctIds(members: readonly ChoiceMember[]): ChoiceMember[] {
  const seen = new Set<string>();
  return members.map((member) => {
    const id = seen.has(member.id) ? `${member.id} (${member.address})` : member.id;
    seen.add(id);
    return { ...member, id };
  });
}

function isPresent(member: ChoiceMember | undefined): boolean {
  return member !== undefined && member.state !== 'inactive';
}

function addressOf({ address }: ChoiceMember): string {
  return address;
}

function placeOf({ address, label = '' }: ChoiceMember): string {
  return `${address} ${label}`;
}
