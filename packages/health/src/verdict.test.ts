import test from 'ava';
import fc from 'fast-check';
import {
  type Answer,
  initialVerdict,
  isChanging,
  isHeld,
  nextVerdict,
  type Verdict,
  type VerdictState,
} from './verdict.js';

const good: Answer = { isWell: true, reason: 'connected' };
const bad: Answer = { isWell: false, reason: 'connection refused' };
const STEP_MS = 1000;

/** The state after each of the answers, one second apart; `+` is good, `-` bad. */
function after(
  answers: string,
  rules: Parameters<typeof nextVerdict>[3],
  start = initialVerdict('up', 0),
): readonly VerdictState[] {
  const states: VerdictState[] = [];
  let state = start;
  for (const [i, answer] of [...answers].entries()) {
    state = nextVerdict(state, answer === '+' ? good : bad, (i + 1) * STEP_MS, rules);
    states.push(state);
  }
  return states;
}

const shows = test.macro(
  (t, answers: string, expected: string, rules: Parameters<typeof nextVerdict>[3], initially: Verdict = 'up') => {
    const verdicts = after(answers, rules, initialVerdict(initially, 0)).map(({ verdict }) =>
      verdict === 'up' ? '+' : '-',
    );
    t.is(verdicts.join(''), expected);
  },
);

test('a backend goes down after `fall` bad answers in a row', shows, '+---', '+++-', { rise: 2, fall: 3 });
test('a good answer between bad ones starts the count anew', shows, '--+--+-', '+++++++', { rise: 1, fall: 3 });
test('a backend comes up after `rise` good answers in a row', shows, '-+-++', '----+', { rise: 2, fall: 1 }, 'down');
test('with rise and fall of 1 each answer is the verdict', shows, '+-+--+', '+-+--+', { rise: 1, fall: 1 });

const damping = { changes: 1, withinMs: 60_000, holdMs: 5000 };
test(
  'the change that damping does not bear any more holds down, however good the answers',
  shows,
  '-+-+++++++',
  '-+-----+++',
  {
    rise: 1,
    fall: 1,
    damping,
  },
);
test('changes longer ago than damping looks back are forgotten', shows, '-+++++-++', '-+++++-++', {
  rise: 1,
  fall: 1,
  damping: { changes: 1, withinMs: 5000, holdMs: 5000 },
});

test('the reason of a hold says what the probe saw, how often it went down, and how long it is held', (t) => {
  const [, , held] = after('-+-', { rise: 1, fall: 1, damping });
  t.is(held?.reason, 'connection refused; went down 2 times within 60000 ms, held down for 5000 ms');
  t.is(held?.heldUntilMs, 8000);
});

test('answers come fast only while they may change the verdict', (t) => {
  const changing = after('-+---+++', { rise: 3, fall: 3 }).map((state, i) => isChanging(state, (i + 1) * STEP_MS));
  t.deepEqual(changing, [true, false, true, true, false, true, true, false]);
});

const rulesOf = fc.record({
  rise: fc.integer({ min: 1, max: 5 }),
  fall: fc.integer({ min: 1, max: 5 }),
  damping: fc.option(
    fc.record({
      changes: fc.integer({ min: 1, max: 3 }),
      withinMs: fc.integer({ min: 1000, max: 30_000 }),
      holdMs: fc.integer({ min: 1000, max: 30_000 }),
    }),
    { nil: undefined },
  ),
});
const answersOf = fc.string({ unit: fc.constantFrom('+', '-'), maxLength: 100 });

test('a verdict changes only by as many answers in a row as the rules want, and to what they say', (t) => {
  fc.assert(
    fc.property(answersOf, rulesOf, (answers, rules) => {
      const states = [initialVerdict('up', 0), ...after(answers, rules)];
      for (let i = 1; i < states.length; i++) {
        const [before, now] = [states[i - 1] as VerdictState, states[i] as VerdictState];
        if (before.verdict === now.verdict) continue;
        const [sign, needed] = now.verdict === 'up' ? ['+', rules.rise] : ['-', rules.fall];
        t.is(answers.slice(Math.max(0, i - needed), i), sign.repeat(needed));
      }
    }),
  );
});

test('without damping, as many answers in a row as the rules want always decide', (t) => {
  fc.assert(
    fc.property(answersOf, rulesOf, fc.boolean(), (answers, { rise, fall }, isWell) => {
      const last = after(answers + (isWell ? '+'.repeat(rise) : '-'.repeat(fall)), { rise, fall }).at(-1);
      t.is(last?.verdict, isWell ? 'up' : 'down');
    }),
  );
});

test('what is held is down, and what is not held any more comes up by good answers', (t) => {
  fc.assert(
    fc.property(answersOf, rulesOf, (answers, rules) => {
      const states = after(answers, rules);
      states.forEach((state, i) => {
        if (isHeld(state, (i + 1) * STEP_MS)) t.is(state.verdict, 'down');
      });
      const patience = 31 + rules.rise;
      t.is(after(answers + '+'.repeat(patience), rules).at(-1)?.verdict, 'up');
    }),
  );
});

test('damping remembers no more changes than it bears', (t) => {
  fc.assert(
    fc.property(answersOf, rulesOf, (answers, rules) => {
      for (const { fellMs } of after(answers, rules)) t.true(fellMs.length <= (rules.damping?.changes ?? 0));
    }),
  );
});
