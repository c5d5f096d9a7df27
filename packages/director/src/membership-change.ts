import type { MemberState } from './choice-member.js';
import { DirectorError } from './director-error.js';
import { judgeTransition } from './membership-rules.js';
import { type MemberPhase, type Membership, type MembershipMember, phaseSince } from './membership-state.js';

/** What happens to one member. */
export type MembershipEvent =
  /** Somebody wants it in this state. */
  | { readonly kind: 'transition'; readonly id: string; readonly to: MemberState }
  | { readonly kind: 'health'; readonly id: string; readonly healthy: boolean }
  /** How many connections a draining member has left; of its address, where several members have it. */
  | { readonly kind: 'connections'; readonly id: string; readonly count: number }
  /** The connections that others took before this member filled have ended. */
  | { readonly kind: 'older-ended'; readonly id: string };

/**
 * The membership after an event.
 *
 * A member that becomes healthy again fills anew: others took the connections of its rows meanwhile.
 * @param nowMs  of a clock that is never set back
 * @throws {DirectorError} UNKNOWN_MEMBER; TRANSITION_REFUSED with the reason, which `nextTransitions` tells beforehand
 */
export function nextMembership(membership: Membership, event: MembershipEvent, nowMs: number): Membership {
  const member = membership.members.find(({ id }) => id === event.id);
  if (member === undefined) {
    throw new DirectorError('UNKNOWN_MEMBER', `no member is called "${event.id}"; add it, inactive, first`, {
      details: { id: event.id },
    });
  }
  const next = nextMember(membership, member, event, nowMs);
  return { ...membership, members: membership.members.map((other) => (other === member ? next : other)) };
}

function nextMember(
  membership: Membership,
  member: MembershipMember,
  event: MembershipEvent,
  nowMs: number,
): MembershipMember {
  const { phase } = member;
  switch (event.kind) {
    case 'transition': {
      const verdict = judgeTransition(membership, member, event.to, nowMs);
      if (verdict.allowed) return { ...member, phase: phaseSince(event.to, nowMs) };
      const { id, to, rule, reason } = verdict;
      throw new DirectorError('TRANSITION_REFUSED', reason, { details: { id, to, rule } });
    }
    case 'health': {
      const returns = event.healthy && !member.healthy;
      return { ...member, healthy: event.healthy, phase: returns ? phaseOfReturned(phase, nowMs) : phase };
    }
    case 'connections':
      return phase.kind === 'draining' ? { ...member, phase: { ...phase, connections: event.count } } : member;
    case 'older-ended':
      return phase.kind === 'filling' ? { ...member, phase: { ...phase, olderEnded: true } } : member;
  }
}

function phaseOfReturned(phase: MemberPhase, nowMs: number): MemberPhase {
  return phase.kind === 'active' || phase.kind === 'filling' ? phaseSince('filling', nowMs) : phase;
}
