import test from 'ava';
import { planSteps } from './change-plan-steps.js';
import type { ChoiceMember, MemberState } from './choice-member.js';

const HOUR_MS = 3_600_000;
const limits = { choices: 3, fillMs: HOUR_MS, drainLimitMs: 2 * HOUR_MS };

/** `web1`: active; `web1:draining`; `web1!`: unhealthy; `web1#2`: one more entry of its address. */
function members(...texts: readonly string[]): ChoiceMember[] {
  return texts.map((text) => {
    const [, number, label, state = 'active'] = /^web(\d+)(?:#(\d+))?(?::(\w+))?!?$/.exec(text) ?? [];
    return {
      id: `web${number}${label === undefined ? '' : `#${label}`}`,
      address: `10.3.0.${number}`,
      ...(label === undefined ? {} : { label }),
      state: state as MemberState,
      healthy: !text.endsWith('!'),
    };
  });
}

/** Each step as `1h web1 active→draining, ...`. */
function stepsOf(current: readonly ChoiceMember[], wanted: readonly ChoiceMember[], choices = 3): string[] {
  const { steps } = planSteps(current, wanted, { ...limits, choices });
  return steps.map(
    ({ latestMs, transitions }) =>
      `${latestMs / HOUR_MS}h ${transitions.map(({ id, from, to }) => `${id} ${from}→${to}`).join(', ')}`,
  );
}

test('nothing to change needs no step', (t) => {
  t.deepEqual(stepsOf(members('web1', 'web2'), members('web1', 'web2')), []);
});

test('with two choices members join and leave one after the other, the joining ones first', (t) => {
  t.deepEqual(stepsOf(members('web1', 'web2'), members('web2', 'web3', 'web4'), 2), [
    '0h web3 inactive→filling',
    '1h web3 filling→active, web4 inactive→filling',
    '2h web4 filling→active, web1 active→draining',
    '4h web1 draining→inactive',
  ]);
});

test('with three choices two are in motion at once', (t) => {
  t.deepEqual(stepsOf(members('web1', 'web2'), members('web2', 'web3'), 3), [
    '0h web3 inactive→filling, web1 active→draining',
    '1h web3 filling→active',
    '2h web1 draining→inactive',
  ]);
});

test('what is in motion already comes to its end before the next begins', (t) => {
  t.deepEqual(stepsOf(members('web1', 'web2:draining'), members('web1', 'web3'), 2), [
    '2h web2 draining→inactive, web3 inactive→filling',
    '3h web3 filling→active',
  ]);
});

test('draining is taken back by filling anew', (t) => {
  t.deepEqual(stepsOf(members('web1', 'web2:draining'), members('web1', 'web2')), [
    '0h web2 draining→filling',
    '1h web2 filling→active',
  ]);
});

test('a higher weight joins entries; a lower one drains the member whole', (t) => {
  t.deepEqual(stepsOf(members('web1', 'web2'), members('web1', 'web2', 'web2#1', 'web2#2')), [
    '0h web2#1 inactive→filling, web2#2 inactive→filling',
    '1h web2#1 filling→active, web2#2 filling→active',
  ]);
  t.deepEqual(stepsOf(members('web1', 'web2', 'web2#1'), members('web1', 'web2')), [
    '0h web2 active→draining, web2#1 active→draining',
    '2h web2 draining→inactive, web2#1 draining→inactive',
    '2h web2 inactive→filling',
    '3h web2 filling→active',
  ]);
});

test('a name that moves to another address is a member that joins and one that leaves', (t) => {
  const moved = members('web1', 'web2').map((member) =>
    member.id === 'web2' ? { ...member, address: '10.3.0.9' } : member,
  );
  t.deepEqual(stepsOf(members('web1', 'web2'), moved), [
    '0h web2 (10.3.0.9) inactive→filling, web2 active→draining',
    '1h web2 (10.3.0.9) filling→active',
    '2h web2 draining→inactive',
  ]);
});

test('the last member leaves only once another has joined, and members that are unhealthy block what needs their room', (t) => {
  t.deepEqual(planSteps(members('web1'), [], limits).blocked, [
    "web1 can't become draining: no other member takes new connections; fill another first",
  ]);
  const blocked = planSteps(members('web1', 'web2!'), members('web1', 'web2', 'web3'), { ...limits, choices: 2 });
  t.deepEqual(blocked.steps, []);
  t.regex(blocked.blocked.join(), /web3 can't become filling: web2 \(unhealthy\) is in motion/);
});

test('a dead member may leave although as many as may be are in motion', (t) => {
  t.deepEqual(stepsOf(members('web1', 'web2!', 'web3'), members('web1', 'web3'), 2), [
    '0h web2 active→draining',
    '2h web2 draining→inactive',
  ]);
});
