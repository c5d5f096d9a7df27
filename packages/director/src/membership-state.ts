import type { ChoiceMember, MemberState } from './choice-member.js';

/** Where a member is, with what is known only there. Times are of a clock that is never set back, in milliseconds. */
export type MemberPhase =
  | { readonly kind: 'inactive' }
  | {
      readonly kind: 'filling';
      /** Since then it takes its rows' new connections; older ones of these rows are elsewhere. */
      readonly sinceMs: number;
      /** Somebody who knows said that the older ones have ended. */
      readonly olderEnded: boolean;
    }
  | { readonly kind: 'active' }
  | {
      readonly kind: 'draining';
      readonly sinceMs: number;
      /** How many it still has, as last reported; undefined: nobody reported. */
      readonly connections: number | undefined;
    };

/** A member as the rules for changes see it. Several with one address and distinct labels (weights) count as one. */
export interface MembershipMember extends Pick<ChoiceMember, 'id' | 'address' | 'label' | 'healthy'> {
  readonly phase: MemberPhase;
}

/** The limits that a change keeps to. */
export interface MembershipLimits {
  /** Choices of a row, 2 to 4: one less may be in motion at once. */
  readonly choices: number;
  /** How long a member fills: the longest time a connection is promised to survive changes. */
  readonly fillMs: number;
  /** After so long a draining member may go, whatever connections it still has. */
  readonly drainLimitMs: number;
}

/** The members of one table on their way in and out. Plain data; changed only by `nextMembership`. */
export interface Membership {
  readonly limits: MembershipLimits;
  readonly members: readonly MembershipMember[];
}

/** The members as a table takes them. */
export function choiceMembersOf({ members }: Membership): ChoiceMember[] {
  return members.map(({ phase, ...member }) => ({ ...member, state: phase.kind }));
}

/**
 * A membership from members as a file has them, which says nothing of when they began: what fills or drains does so since
 * `nowMs`.
 */
export function membershipOf(members: readonly ChoiceMember[], limits: MembershipLimits, nowMs: number): Membership {
  return {
    limits,
    members: members.map(({ state, ...member }) => ({ ...member, phase: phaseSince(state, nowMs) })),
  };
}

/** The phase of a member that enters a state now. */
export function phaseSince(state: MemberState, nowMs: number): MemberPhase {
  switch (state) {
    case 'filling':
      return { kind: 'filling', sinceMs: nowMs, olderEnded: false };
    case 'draining':
      return { kind: 'draining', sinceMs: nowMs, connections: undefined };
    default:
      return { kind: state };
  }
}

/**
 * Whether connections may be elsewhere than at the member's rows' first choice because of it: it fills, drains or is
 * unhealthy. What is inactive is in no row and moves nothing.
 */
export function isInMotion({ phase, healthy }: MembershipMember): boolean {
  return phase.kind !== 'inactive' && (phase.kind !== 'active' || !healthy);
}
