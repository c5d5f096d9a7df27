import test from 'ava';
import type { ChoiceMember, MemberState } from './choice-member.js';
import { nextMembership } from './membership-change.js';
import { nextTransitions } from './membership-rules.js';
import { type Membership, membershipOf } from './membership-state.js';

const MINUTE_MS = 60_000;

/** Members web1, web2, ... in these states; `!` says unhealthy. */
function members(...states: readonly (MemberState | `${MemberState}!`)[]): ChoiceMember[] {
  return states.map((state, index) => ({
    id: `web${index + 1}`,
    address: `10.3.0.${index + 1}`,
    state: state.replace('!', '') as MemberState,
    healthy: !state.endsWith('!'),
  }));
}

function membership(choices: number, ...states: readonly (MemberState | `${MemberState}!`)[]): Membership {
  return membershipOf(members(...states), { choices, fillMs: 60 * MINUTE_MS, drainLimitMs: 90 * MINUTE_MS }, 0);
}

function allowedOf(state: Membership, nowMs = 0): string[] {
  return nextTransitions(state, nowMs).flatMap(({ id, to, allowed }) => (allowed ? [`${id} ${to}`] : []));
}

function reasonOf(state: Membership, id: string, to: MemberState, nowMs = 0): string | undefined {
  const verdict = nextTransitions(state, nowMs).find((found) => found.id === id && found.to === to);
  return verdict === undefined || verdict.allowed ? undefined : verdict.reason;
}

test('with two choices one member may be in motion, and the next is told for whom it waits', (t) => {
  const state = membership(2, 'draining', 'active', 'active', 'inactive');
  t.deepEqual(allowedOf(state), ['web1 filling']);
  t.is(
    reasonOf(state, 'web4', 'filling'),
    "web4 can't become filling: web1 (draining) is in motion, and with 2 choices at most 1 may be; wait until it is active and healthy or inactive, or use more choices",
  );
});

test('with three choices two members may be in motion', (t) => {
  t.deepEqual(allowedOf(membership(3, 'draining', 'active', 'active', 'inactive')), [
    'web1 filling',
    'web2 draining',
    'web3 draining',
    'web4 filling',
  ]);
  t.regex(
    reasonOf(membership(3, 'draining', 'active!', 'active', 'inactive'), 'web4', 'filling') ?? '',
    /web1 \(draining\) and web2 \(unhealthy\) are in motion, and with 3 choices at most 2 may be; wait until one of them/,
  );
});

test('a member that is in motion anyway may go on when too many are', (t) => {
  const state = membership(2, 'active!', 'active!', 'filling', 'active');
  t.deepEqual(allowedOf(state), ['web1 draining', 'web2 draining', 'web3 draining']);
});

test('filling ends after its time, or when somebody says that older connections have ended', (t) => {
  const state = membership(2, 'active', 'filling');
  t.is(
    reasonOf(state, 'web2', 'active', 50 * MINUTE_MS),
    "web2 can't become active: connections that others took before it may last 10m longer (it fills for 1h); wait, or say that they have ended",
  );
  t.true(allowedOf(state, 60 * MINUTE_MS).includes('web2 active'));
  t.true(allowedOf(nextMembership(state, { kind: 'older-ended', id: 'web2' }, 0)).includes('web2 active'));
});

test('a drained member goes when its connections have ended, or after the limit', (t) => {
  const state = membership(2, 'active', 'draining');
  t.regex(
    reasonOf(state, 'web2', 'inactive') ?? '',
    /nobody reported how many connections it has left; wait until they have ended, or 1h30m longer \(the limit is 1h30m\)/,
  );
  const some = nextMembership(state, { kind: 'connections', id: 'web2', count: 12 }, 0);
  t.regex(reasonOf(some, 'web2', 'inactive') ?? '', /it has 12 connections left/);
  t.true(allowedOf(some, 90 * MINUTE_MS).includes('web2 inactive'));
  const none = nextMembership(some, { kind: 'connections', id: 'web2', count: 0 }, 0);
  t.true(allowedOf(none).includes('web2 inactive'));
});

test('the last member that takes new connections may not drain', (t) => {
  t.is(
    reasonOf(membership(3, 'active', 'active!', 'draining'), 'web1', 'draining'),
    "web1 can't become draining: no other member takes new connections; fill another first",
  );
});

test('an unhealthy member neither fills nor becomes active', (t) => {
  t.is(
    reasonOf(membership(3, 'active', 'inactive!'), 'web2', 'filling'),
    "web2 can't become filling: it is unhealthy; repair it, or drain it",
  );
  t.regex(reasonOf(membership(3, 'active', 'filling!'), 'web2', 'active') ?? '', /it is unhealthy/);
});

test('a state is not skipped', (t) => {
  const skip = (to: MemberState) => () =>
    nextMembership(membership(2, 'active', 'active'), { kind: 'transition', id: 'web2', to }, 0);
  t.like(t.throws(skip('inactive')), {
    code: 'TRANSITION_REFUSED',
    message: "web2 can't become inactive: from active a member goes to draining first",
    details: { id: 'web2', to: 'inactive', rule: 'order' },
  });
  t.is(t.throws(skip('active'))?.message, 'web2 is active already');
});

test('a member that nobody knows is named', (t) => {
  const change = () => nextMembership(membership(2, 'active'), { kind: 'health', id: 'web9', healthy: true }, 0);
  t.like(t.throws(change), { code: 'UNKNOWN_MEMBER', message: 'no member is called "web9"; add it, inactive, first' });
});

test('a member that is healthy again fills anew, since others took its connections meanwhile', (t) => {
  const gone = nextMembership(membership(2, 'active', 'active'), { kind: 'health', id: 'web2', healthy: false }, 5);
  const back = nextMembership(gone, { kind: 'health', id: 'web2', healthy: true }, 7);
  t.deepEqual(back.members[1]?.phase, { kind: 'filling', sinceMs: 7, olderEnded: false });
});

test('several entries of one address are one member in motion', (t) => {
  const entries: ChoiceMember[] = [
    ...members('active', 'active'),
    { id: 'web3', address: '10.3.0.3', state: 'filling', healthy: true },
    { id: 'web3#2', address: '10.3.0.3', label: '2', state: 'inactive', healthy: true },
  ];
  const state = membershipOf(entries, { choices: 2, fillMs: 1, drainLimitMs: 1 }, 0);
  t.true(allowedOf(state).includes('web3#2 filling'));
  t.false(allowedOf(state).includes('web1 draining'));
});
