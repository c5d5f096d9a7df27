import test from 'ava';
import fc from 'fast-check';
import { CHOICE_ROWS, ChoiceTable } from './choice-table.js';
import { type MembershipEvent, nextMembership } from './membership-change.js';
import { nextTransitions } from './membership-rules.js';
import {
  choiceMembersOf,
  isInMotion,
  type Membership,
  type MembershipLimits,
  membershipOf,
} from './membership-state.js';

const FILL_MS = 100;
const DRAIN_LIMIT_MS = 250;
/** Every so many rows are looked at. */
const ROW_STRIDE = 31;

/** Something to happen: chosen by number among what is possible then. */
interface Happening {
  readonly kind: 'transition' | 'health' | 'connections-ended' | 'time';
  readonly pick: number;
}

const happenings = fc.array(
  fc.record({
    kind: fc.constantFrom('transition', 'transition', 'transition', 'health', 'connections-ended', 'time'),
    pick: fc.nat(1000),
  }) satisfies fc.Arbitrary<Happening>,
  { minLength: 10, maxLength: 40 },
);

/** The rows of a table, and for each member and row until when it was the one that took new connections. */
class Connections {
  private readonly lastTaken = new Map<string, Float64Array>();

  take(table: ChoiceTable, nowMs: number): void {
    for (let row = 0; row < CHOICE_ROWS; row += ROW_STRIDE) {
      const [first] = choicesOf(table, row);
      if (first === undefined) continue;
      const taken = this.lastTaken.get(first) ?? new Float64Array(CHOICE_ROWS).fill(Number.NEGATIVE_INFINITY);
      taken[row] = nowMs;
      this.lastTaken.set(first, taken);
    }
  }

  end(address: string): void {
    this.lastTaken.delete(address);
  }

  /** A row and a member that may have connections of the row, younger than is promised, and is no choice of it. */
  lost(table: ChoiceTable, nowMs: number): string | undefined {
    for (let row = 0; row < CHOICE_ROWS; row += ROW_STRIDE) {
      const choices = choicesOf(table, row);
      for (const [address, taken] of this.lastTaken) {
        const ageMs = nowMs - (taken[row] ?? 0);
        if (ageMs < FILL_MS && !choices.includes(address)) {
          return `row ${row}: ${address} took connections ${ageMs} ms ago, the choices are ${choices.join(' ')}`;
        }
      }
    }
    return undefined;
  }
}

function choicesOf(table: ChoiceTable, row: number): string[] {
  const { members, rows, choices } = table;
  return Array.from(rows.subarray(row * choices, (row + 1) * choices)).flatMap((i) => members[i]?.address ?? []);
}

function startOf(limits: MembershipLimits, weighted: boolean): Membership {
  const entries = Array.from({ length: 8 }, (_, i) => ({
    id: `web${i}`,
    address: `10.3.0.${weighted ? i >> 1 : i}`,
    ...(weighted && i % 2 === 1 ? { label: '1' } : {}),
    state: i < 6 ? ('active' as const) : ('inactive' as const),
    healthy: true,
  }));
  return membershipOf(entries, limits, 0);
}

function addressOf({ members }: Membership, id: string): string {
  return members.find((member) => member.id === id)?.address ?? '';
}

function eventOf(membership: Membership, { kind, pick }: Happening, nowMs: number): MembershipEvent | undefined {
  const { members, limits } = membership;
  const pickOf = <T>(from: readonly T[]) => from[pick % from.length];
  switch (kind) {
    case 'transition': {
      const verdict = pickOf(nextTransitions(membership, nowMs).filter(({ allowed }) => allowed));
      return verdict && { kind, id: verdict.id, to: verdict.to };
    }
    case 'health': {
      // A host fails as a whole; that more fail at once than there are further choices no rule can help.
      const moving = new Set(members.filter(isInMotion).map(({ address }) => address));
      const member = pickOf(members.filter(({ address }) => moving.has(address) || moving.size < limits.choices - 1));
      return member && { kind, id: member.id, healthy: !member.healthy };
    }
    case 'connections-ended': {
      const member = pickOf(members.filter(({ phase }) => phase.kind === 'draining'));
      return member && { kind: 'connections', id: member.id, count: 0 };
    }
    case 'time':
      return undefined;
  }
}

/** Lets it all happen, and tells the first connection that nobody would find any more. */
async function firstLoss(
  limits: MembershipLimits,
  tableChoices: number,
  weighted: boolean,
  sequence: readonly Happening[],
): Promise<string | undefined> {
  let membership = startOf(limits, weighted);
  let table = await ChoiceTable.build({ seed: new Uint8Array(16), choices: tableChoices }, choiceMembersOf(membership));
  const connections = new Connections();
  let nowMs = 0;
  for (const happening of sequence) {
    if (happening.kind === 'time') nowMs += happening.pick % 120;
    connections.take(table, nowMs);
    const event = eventOf(membership, happening, nowMs);
    if (event === undefined) continue;
    if (event.kind === 'connections') connections.end(addressOf(membership, event.id));
    membership = nextMembership(membership, event, nowMs);
    for (const { address } of membership.members) {
      const entries = membership.members.filter((other) => other.address === address);
      if (entries.every(({ phase }) => phase.kind === 'inactive')) connections.end(address);
    }
    ({ table } = await table.change(choiceMembersOf(membership)));
    const lost = connections.lost(table, nowMs);
    if (lost !== undefined) return `${JSON.stringify(event)} at ${nowMs}: ${lost}`;
  }
  return undefined;
}

for (const [choices, weighted] of [
  [2, false],
  [3, false],
  [4, false],
  [3, true],
] as const) {
  const limits = { choices, fillMs: FILL_MS, drainLimitMs: DRAIN_LIMIT_MS };
  const members = weighted ? 'members of weight 2' : 'members';
  test(`whatever the rules allow, ${choices} choices of ${members} keep who holds a row's connections`, async (t) => {
    const run = fc.asyncProperty(happenings, async (sequence) => {
      t.is(await firstLoss(limits, choices, weighted, sequence), undefined);
    });
    await t.notThrowsAsync(fc.assert(run, { numRuns: 10 }));
  });
}

test('with one choice less than the rules reckon with, connections are lost', async (t) => {
  const limits = { choices: 3, fillMs: FILL_MS, drainLimitMs: DRAIN_LIMIT_MS };
  const twoJoin: readonly Happening[] = [
    { kind: 'transition', pick: 6 },
    { kind: 'transition', pick: 7 },
  ];
  t.regex((await firstLoss(limits, 2, false, twoJoin)) ?? '', /took connections 0 ms ago, the choices are/);
  t.is(await firstLoss(limits, 3, false, twoJoin), undefined);
});
