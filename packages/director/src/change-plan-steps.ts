import { changeRoutes, type MemberRoute } from './change-plan-routes.js';
import type { ChoiceMember, MemberState } from './choice-member.js';
import { nextMembership } from './membership-change.js';
import { judgeTransition, type TransitionVerdict } from './membership-rules.js';
import { choiceMembersOf, type Membership, type MembershipLimits, membershipOf } from './membership-state.js';

/** One member's way from one state to the next. */
export interface PlannedTransition {
  readonly id: string;
  readonly from: MemberState;
  readonly to: MemberState;
}

/** Transitions that go into force together, on all nodes before the next step. */
export interface PlannedStep {
  /**
   * From the beginning of the plan, where members fill for their time and drain until the limit; sooner, where their
   * connections end sooner.
   */
  readonly latestMs: number;
  readonly transitions: readonly PlannedTransition[];
  /** All members after the step. */
  readonly members: readonly ChoiceMember[];
}

/** Steps towards what is wanted. */
export interface PlannedSteps {
  /** All members before the first step: those that are to join stand among them, inactive. */
  readonly members: readonly ChoiceMember[];
  readonly steps: readonly PlannedStep[];
  /** All members where they should end. */
  readonly wanted: readonly ChoiceMember[];
  /** Why what is wanted can't be reached by the rules; empty: the last step reaches it. */
  readonly blocked: readonly string[];
}

/** What ends gives room to what begins; what joins comes before what leaves, so that there are never fewer than need be. */
const order: readonly MemberState[] = ['active', 'inactive', 'filling', 'draining'];

/**
 * The order in which to go from one membership to another, by the rules that `nextTransitions` tells, each step as early as
 * they allow.
 * @param current  as in force; what is in motion is taken to have begun now
 * @param wanted  members are the same where address and label are; absent ones are to leave. Their health counts where
 *   `current` does not know them
 */
export function planSteps(
  current: readonly ChoiceMember[],
  wanted: readonly ChoiceMember[],
  limits: MembershipLimits,
): PlannedSteps {
  const routes = changeRoutes(current, wanted);
  const members = routes.map(({ member }) => member);
  const reached = routes.map(({ member, states }) => ({ ...member, state: states.at(-1) ?? member.state }));
  const steps: PlannedStep[] = [];
  let progress: Progress = { membership: membershipOf(members, limits, 0), ahead: new Map(routes.map(aheadOf)) };
  for (let nowMs = 0; ; ) {
    const { transitions, ...next } = takeAllowed(progress, nowMs);
    progress = next;
    if (transitions.length > 0) {
      steps.push({ latestMs: nowMs, transitions, members: choiceMembersOf(progress.membership) });
      continue;
    }
    const refused = verdictsOf(progress, nowMs).filter((verdict) => !verdict.allowed);
    const waits = refused.flatMap(({ waitUntilMs }) => waitUntilMs ?? []);
    if (waits.length === 0) return { members, steps, wanted: reached, blocked: refused.map(({ reason }) => reason) };
    nowMs = Math.min(...waits);
  }
}

interface Progress {
  readonly membership: Membership;
  /** States that each member still has to go through. */
  readonly ahead: ReadonlyMap<string, readonly MemberState[]>;
}

function aheadOf({ member, states }: MemberRoute): [string, readonly MemberState[]] {
  return [member.id, states];
}

/** Each member goes at most one state further: those who do it together are in force together. */
function takeAllowed(progress: Progress, nowMs: number): Progress & { readonly transitions: PlannedTransition[] } {
  const transitions: PlannedTransition[] = [];
  const ahead = new Map(progress.ahead);
  let { membership } = progress;
  for (const { id, to } of verdictsOf(progress, nowMs)) {
    const member = membership.members.find((found) => found.id === id);
    if (member === undefined || !judgeTransition(membership, member, to, nowMs).allowed) continue;
    membership = nextMembership(membership, { kind: 'transition', id, to }, nowMs);
    transitions.push({ id, from: member.phase.kind, to });
    ahead.set(id, (ahead.get(id) ?? []).slice(1));
  }
  return { membership, ahead, transitions };
}

/** What the rules say of each member's next state, in the order in which to try them. */
function verdictsOf({ membership, ahead }: Progress, nowMs: number): TransitionVerdict[] {
  return membership.members
    .flatMap((member) => {
      const to = ahead.get(member.id)?.[0];
      return to === undefined ? [] : [judgeTransition(membership, member, to, nowMs)];
    })
    .sort((a, b) => order.indexOf(a.to) - order.indexOf(b.to));
}
