import { type MemberState, takesNew } from './choice-member.js';
import { durationText } from './duration-text.js';
import { isInMotion, type Membership, type MembershipMember } from './membership-state.js';

/** Why a transition must wait. */
export type MembershipRule =
  /** There is no such arrow from the member's state. */
  | 'order'
  /** More members than a row has further choices would be in motion. */
  | 'in-motion'
  /** Connections from before it filled may be elsewhere. */
  | 'still-filling'
  /** It still has connections. */
  | 'still-draining'
  /** It would take no connections. */
  | 'unhealthy'
  /** Nobody would take new connections. */
  | 'last-member';

/** What the rules say of one member's way to one state. */
export type TransitionVerdict =
  | { readonly id: string; readonly to: MemberState; readonly allowed: true }
  | {
      readonly id: string;
      readonly to: MemberState;
      readonly allowed: false;
      readonly rule: MembershipRule;
      /** A sentence that names the member, the rule and what would help. */
      readonly reason: string;
      /** When time alone will have lifted this rule; undefined: it takes something else. */
      readonly waitUntilMs: number | undefined;
    };

/**
 * From each state to which. Draining may be taken back, but not to `active`: others took the connections of the member's
 * rows meanwhile, so it fills anew.
 */
export const memberArrows: Readonly<Record<MemberState, readonly MemberState[]>> = {
  inactive: ['filling'],
  filling: ['active', 'draining'],
  active: ['draining'],
  draining: ['inactive', 'filling'],
};

/** What the rules say now of every arrow that leaves every member's state, in the members' order. */
export function nextTransitions(membership: Membership, nowMs: number): TransitionVerdict[] {
  return membership.members.flatMap((member) =>
    memberArrows[member.phase.kind].map((to) => judgeTransition(membership, member, to, nowMs)),
  );
}

/**
 * Whether a member may go to a state now. As long as all go only where this allows and no more than `choices - 1` are
 * unhealthy, every row has among its choices each member that may hold a connection of the row: whatever stands before that
 * member in the row's order is in motion (else the connection would have begun there, or is older than `fillMs`).
 */
export function judgeTransition(
  membership: Membership,
  member: MembershipMember,
  to: MemberState,
  nowMs: number,
): TransitionVerdict {
  const { id } = member;
  const obstacle = obstacleOf(membership, member, to, nowMs);
  return obstacle === undefined
    ? { id, to, allowed: true }
    : { id, to, allowed: false, waitUntilMs: undefined, ...obstacle };
}

interface Obstacle {
  readonly rule: MembershipRule;
  readonly reason: string;
  readonly waitUntilMs?: number;
}

function obstacleOf(membership: Membership, member: MembershipMember, to: MemberState, nowMs: number) {
  const { phase } = member;
  if (!memberArrows[phase.kind].includes(to)) return outOfOrder(member, to);
  switch (to) {
    case 'filling':
      return unfit(member, to) ?? crowded(membership, member, to);
    case 'active':
      return unfit(member, to) ?? stillFilling(membership, member, nowMs);
    case 'draining':
      return lastOf(membership, member) ?? crowded(membership, member, to);
    case 'inactive':
      return stillDraining(membership, member, nowMs);
  }
}

function outOfOrder({ id, phase: { kind } }: MembershipMember, to: MemberState): Obstacle {
  const next = memberArrows[kind].join(' or ');
  const reason =
    to === kind ? `${id} is ${kind} already` : `${id} can't become ${to}: from ${kind} a member goes to ${next} first`;
  return { rule: 'order', reason };
}

function unfit({ id, healthy }: MembershipMember, to: MemberState): Obstacle | undefined {
  if (healthy) return undefined;
  return { rule: 'unhealthy', reason: `${id} can't become ${to}: it is unhealthy; repair it, or drain it` };
}

function stillFilling({ limits }: Membership, { id, phase }: MembershipMember, nowMs: number): Obstacle | undefined {
  if (phase.kind !== 'filling' || phase.olderEnded) return undefined;
  const untilMs = phase.sinceMs + limits.fillMs;
  if (nowMs >= untilMs) return undefined;
  return {
    rule: 'still-filling',
    reason: `${id} can't become active: connections that others took before it may last ${durationText(untilMs - nowMs)} longer (it fills for ${durationText(limits.fillMs)}); wait, or say that they have ended`,
    waitUntilMs: untilMs,
  };
}

function stillDraining({ limits }: Membership, { id, phase }: MembershipMember, nowMs: number): Obstacle | undefined {
  if (phase.kind !== 'draining' || phase.connections === 0) return undefined;
  const untilMs = phase.sinceMs + limits.drainLimitMs;
  if (nowMs >= untilMs) return undefined;
  const left =
    phase.connections === undefined
      ? 'nobody reported how many connections it has left'
      : `it has ${phase.connections} connections left`;
  return {
    rule: 'still-draining',
    reason: `${id} can't become inactive: ${left}; wait until they have ended, or ${durationText(untilMs - nowMs)} longer (the limit is ${durationText(limits.drainLimitMs)})`,
    waitUntilMs: untilMs,
  };
}

function lastOf({ members }: Membership, member: MembershipMember): Obstacle | undefined {
  if (!isTaking(member) || members.some((other) => other.address !== member.address && isTaking(other)))
    return undefined;
  return {
    rule: 'last-member',
    reason: `${member.id} can't become draining: no other member takes new connections; fill another first`,
  };
}

function isTaking({ phase, healthy }: MembershipMember): boolean {
  return takesNew({ state: phase.kind, healthy });
}

function crowded({ members, limits }: Membership, member: MembershipMember, to: MemberState): Obstacle | undefined {
  const inMotion = members.filter((other) => isInMotion(other) && other.address !== member.address);
  const addresses = new Set(inMotion.map(({ address }) => address));
  const max = limits.choices - 1;
  // What is in motion anyway leaves it no more crowded.
  if (members.some((other) => other.address === member.address && isInMotion(other)) || addresses.size < max) {
    return undefined;
  }
  const names = inMotion.map((other) => `${other.id} (${motionOf(other)})`);
  return {
    rule: 'in-motion',
    reason: `${member.id} can't become ${to}: ${listText(names)} ${names.length === 1 ? 'is' : 'are'} in motion, and with ${limits.choices} choices at most ${max} may be; wait until ${inMotion.length === 1 ? 'it is' : 'one of them is'} active and healthy or inactive, or use more choices`,
  };
}

function motionOf({ phase, healthy }: MembershipMember): string {
  return healthy ? phase.kind : phase.kind === 'active' ? 'unhealthy' : `${phase.kind}, unhealthy`;
}

function listText(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
