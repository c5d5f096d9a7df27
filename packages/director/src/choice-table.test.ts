import test from 'ava';
import fc from 'fast-check';
import type { ChoiceMember } from './choice-member.js';
import { CHOICE_ROWS, ChoiceTable, NO_CHOICE } from './choice-table.js';
import {
  activeMembers,
  choicesOf,
  countsOf,
  memberAt,
  exampleSeed as seed,
  someChanges,
  someMembers,
} from './test-support/choice-tables.js';
import { referenceChoices } from './test-support/reference-choices.js';

const fcSeed = 20261121;
const withOne = (members: readonly ChoiceMember[], at: number, rest: Partial<ChoiceMember>): ChoiceMember[] =>
  members.map((member, index) => (index === at ? { ...member, ...rest } : member));

test('every row is as a plain sort of all scores says, whatever the members and their states', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      someMembers(24),
      fc.constantFrom(2, 3, 4),
      fc.nat(CHOICE_ROWS - 1),
      async (members, choices, row) => {
        const table = await ChoiceTable.build({ seed, choices }, members);
        for (let some = row % 1000; some < CHOICE_ROWS; some += 1000) {
          t.deepEqual(choicesOf(table, some), referenceChoices(seed, some, members, choices));
        }
      },
    ),
    { seed: fcSeed, numRuns: 40 },
  );
});

test('a table that came to be by a sequence of changes is the one that is built at once', async (t) => {
  await fc.assert(
    fc.asyncProperty(someChanges, fc.constantFrom(2, 3, 4), async ([first = [], ...rest], choices) => {
      let table = await ChoiceTable.build({ seed, choices }, first);
      for (const members of rest) {
        const before = table;
        const change = await table.change(members);
        table = change.table;
        const built = await ChoiceTable.build({ seed, choices }, members);
        t.true(Buffer.from(table.rows.buffer).equals(Buffer.from(built.rows.buffer)));
        t.deepEqual(table.members, members);
        const differing = new Set(change.changedRows);
        for (let row = 0; row < CHOICE_ROWS; row += 7) {
          const isSame = namedChoices(before, row) === namedChoices(built, row);
          if (isSame === differing.has(row)) t.fail(`row ${row} is ${isSame ? 'the same' : 'another'}`);
        }
      }
    }),
    { seed: fcSeed, numRuns: 12 },
  );
});

/** A row's choices by all that makes a member the same. */
function namedChoices({ rows, members, choices }: ChoiceTable, row: number): string {
  return [...rows.subarray(row * choices, (row + 1) * choices)]
    .map((index) => members[index])
    .map((member) => (member === undefined ? 'nobody' : `${member.id} ${member.address} ${member.label}`))
    .join();
}

/** Rows whose choices have other ids. */
function rowsThatDiffer(one: ChoiceTable, other: ChoiceTable): number[] {
  return Array.from({ length: CHOICE_ROWS }, (_, row) => row).filter(
    (row) => choicesOf(one, row).join() !== choicesOf(other, row).join(),
  );
}

test('which of two members comes first in a row never depends on a third', async (t) => {
  const two = activeMembers(2);
  const alone = await ChoiceTable.build({ seed, choices: 2 }, two);
  const among = await ChoiceTable.build({ seed, choices: 4 }, [...activeMembers(6), memberAt('fd00::1')]);
  let compared = 0;
  for (let row = 0; row < CHOICE_ROWS; row++) {
    const [first, second] = choicesOf(among, row).filter((id) => two.some((member) => member.id === id));
    if (second === undefined) continue;
    compared++;
    if (choicesOf(alone, row)[0] !== first) t.fail(`row ${row}`);
  }
  t.true(compared > 10_000, `${compared}`);
});

test('members have equal shares of the first and of the second choices, as evenly as chance makes them', async (t) => {
  const table = await ChoiceTable.build({ seed, choices: 2 }, activeMembers(100));
  for (const place of [0, 1]) {
    const fair = CHOICE_ROWS / 100;
    const deviation = countsOf(table, place).reduce((sum, count) => sum + (count - fair) ** 2 / fair, 0);
    // Pearson's chi-square, 99 degrees of freedom: 1 of 1,000 fair tables is above 148.2, 1 of 1,000 below 61.1.
    t.true(deviation > 61.1 && deviation < 148.2, `${deviation}`);
  }
});

test('three labels make a member three times as likely, and it is never two choices of one row', async (t) => {
  const heavy = ['a', 'b', 'c'].map((label) => memberAt('10.9.0.1', { id: label, label }));
  const table = await ChoiceTable.build({ seed, choices: 4 }, [...heavy, ...activeMembers(7)]);
  const counts = countsOf(table, 0);
  const share = (counts[0] ?? 0) + (counts[1] ?? 0) + (counts[2] ?? 0);
  // 3 of 10; the standard deviation is 117.
  t.true(Math.abs(share - CHOICE_ROWS * 0.3) < 500, `${share}`);
  for (let row = 0; row < CHOICE_ROWS; row++) {
    const names = choicesOf(table, row).map((id) => (id.length === 1 ? 'heavy' : id));
    if (new Set(names).size !== 4) t.fail(`row ${row}: ${names}`);
  }
});

test('a member that joins moves only the rows in which it is a choice, and there nobody changes places', async (t) => {
  const before = await ChoiceTable.build({ seed }, activeMembers(20));
  const { table, changedRows } = await before.change([
    ...activeMembers(20),
    memberAt('10.9.0.1', { state: 'filling' }),
  ]);
  for (const row of changedRows) {
    const choices = choicesOf(table, row);
    if (!choices.includes('10.9.0.1')) t.fail(`row ${row}`);
    t.deepEqual(
      choices.filter((id) => id !== '10.9.0.1'),
      choicesOf(before, row).slice(0, 2),
    );
  }
  // 3 of 21; the standard deviation is 90.
  t.true(Math.abs(changedRows.length - (CHOICE_ROWS * 3) / 21) < 400, `${changedRows.length}`);
});

test('a member that drains moves only the rows in which it came first: there it comes second', async (t) => {
  const members = activeMembers(20);
  const before = await ChoiceTable.build({ seed }, members);
  const { table, changedRows } = await before.change(withOne(members, 4, { state: 'draining' }));
  t.is(changedRows.length, countsOf(before, 0)[4] ?? 0);
  for (const row of changedRows) {
    const [first, second, third] = choicesOf(before, row);
    t.deepEqual(choicesOf(table, row), [second, first, third]);
  }
});

test('a change of id alone is a change of the rows: another member', async (t) => {
  const members = activeMembers(3);
  const before = await ChoiceTable.build({ seed, choices: 2 }, members);
  const { changedRows } = await before.change(withOne(members, 0, { id: 'renamed' }));
  t.true(changedRows.length > CHOICE_ROWS / 2 && changedRows.length < CHOICE_ROWS);
});

test('members in another order are the same table: no row is changed', async (t) => {
  const members = activeMembers(9);
  const before = await ChoiceTable.build({ seed }, members);
  const { table, changedRows } = await before.change(members.toReversed());
  t.is(changedRows.length, 0);
  t.deepEqual(choicesOf(table, 77), choicesOf(before, 77));
  t.notDeepEqual(table.rows, before.rows);
});

test('with three choices and two members off, no row begins with either, and neither is lost', async (t) => {
  const members = withOne(withOne(activeMembers(6), 0, { healthy: false }), 1, { state: 'draining' });
  const all = await ChoiceTable.build({ seed }, activeMembers(6));
  const table = await ChoiceTable.build({ seed }, members);
  t.deepEqual(countsOf(table, 0).slice(0, 2), [0, 0]);
  for (let row = 0; row < CHOICE_ROWS; row++) {
    if (!choicesOf(table, row).includes(choicesOf(all, row)[0] as string)) t.fail(`row ${row}`);
  }
});

test('one that drains is asked before one that is unhealthy, although this one is ranked before it', async (t) => {
  const all = await ChoiceTable.build({ seed, choices: 4 }, activeMembers(6));
  const oneOff = withOne(activeMembers(6), 0, { healthy: false });
  const twoOff = withOne(oneOff, 1, { state: 'draining' });
  const before = await all.change(oneOff);
  const { table, changedRows } = await before.table.change(twoOff);
  const [dead, draining] = ['10.3.0.0', '10.3.0.1'];
  let asked = 0;
  for (let row = 0; row < CHOICE_ROWS; row++) {
    const choices = choicesOf(table, row);
    const ranked = choicesOf(all, row);
    if (choices.toSorted().join() !== ranked.toSorted().join()) t.fail(`row ${row}: ${choices} of ${ranked}`);
    if (!choices.includes(dead) || !choices.includes(draining)) continue;
    if (ranked.indexOf(dead) < ranked.indexOf(draining)) asked++;
    if (choices.at(-1) !== dead || choices[0] === draining) t.fail(`row ${row}: ${choices}`);
  }
  t.true(asked > 10_000, `${asked}`);
  t.deepEqual([...changedRows], rowsThatDiffer(before.table, table));
  const again = await table.change(oneOff);
  t.deepEqual(again.table.rows, before.table.rows);
  t.deepEqual([...again.changedRows], [...changedRows]);
});

test('where all but the ninth of a row are off, the ninth comes first', async (t) => {
  const members = activeMembers(40).map((member, index) => (index < 38 ? { ...member, healthy: false } : member));
  const table = await ChoiceTable.build({ seed }, members);
  const [first = 0, second = 0] = countsOf(table, 0).slice(38);
  t.is(first + second, CHOICE_ROWS);
  for (const row of [0, 1, 2, 3]) t.deepEqual(choicesOf(table, row), referenceChoices(seed, row, members, 3));
});

test('an address whose best label drains is no second choice beside its other label', async (t) => {
  const taker = memberAt('10.9.0.1', { id: 'b', label: 'b' });
  const draining = [memberAt('10.9.0.1', { id: 'a', label: 'a' }), ...activeMembers(20)].map((member) => {
    return { ...member, state: 'draining' } as const;
  });
  const table = await ChoiceTable.build({ seed, choices: 4 }, [taker, ...draining]);
  for (let row = 0; row < CHOICE_ROWS; row++) {
    const choices = choicesOf(table, row);
    if (choices[0] !== 'b' || choices.includes('a') || choices.length !== 4) t.fail(`row ${row}: ${choices}`);
  }
  t.pass();
});

test('a list of members that is emptied while the table is built changes nothing', async (t) => {
  const members = activeMembers(500);
  const ownSeed = Buffer.from(seed);
  const building = ChoiceTable.build({ seed: ownSeed }, members);
  members.length = 0;
  ownSeed.fill(0);
  const table = await building;
  t.is(table.members.length, 500);
  t.deepEqual(choicesOf(table, 7), referenceChoices(seed, 7, activeMembers(500), 3));
});

for (const [title, members, expected] of [
  ['nobody', [], []],
  ['one who is inactive', [memberAt('10.3.0.1', { state: 'inactive' })], []],
  ['one who is unhealthy', [memberAt('10.3.0.1', { healthy: false })], ['10.3.0.1']],
  [
    'one who is unhealthy, and one who drains',
    [memberAt('10.3.0.1', { healthy: false }), memberAt('10.3.0.2', { state: 'draining' })],
    ['10.3.0.2', '10.3.0.1'],
  ],
] as const) {
  test(`of ${title}, the rows name ${expected.length === 0 ? 'nobody' : expected.join(', then ')}`, async (t) => {
    const table = await ChoiceTable.build({ seed }, members);
    for (const row of [0, 1, 2, 65_535]) t.deepEqual(choicesOf(table, row), expected);
    t.is(table.rows.at(-1), NO_CHOICE);
  });
}

test('1,000 members all come first somewhere, and the event loop has its turn while they are ranked', async (t) => {
  let turns = 0;
  const counting = setInterval(() => turns++, 1);
  const table = await ChoiceTable.build({ seed }, activeMembers(1000));
  clearInterval(counting);
  t.true(Math.min(...countsOf(table, 0)) > 20);
  t.true(turns > 50, `${turns} turns`);
  const { table: next, changedRows } = await table.change(activeMembers(999));
  t.is(countsOf(next, 0).length, 999);
  t.is(changedRows.length, rowsThatDiffer(table, next).length);
});

for (const [title, options, members, code, message] of [
  ['a short seed', { seed: new Uint8Array(8) }, [], 'SEED_INVALID', /16 bytes, not 8/],
  ['one choice', { seed, choices: 1 }, [], 'CHOICES_INVALID', /2 to 4 choices, not 1/],
  ['five choices', { seed, choices: 5 }, [], 'CHOICES_INVALID', /not 5/],
  [
    'one id twice',
    { seed },
    [memberAt('10.3.0.1'), memberAt('10.3.0.2', { id: '10.3.0.1' })],
    'DUPLICATE_MEMBER',
    /two members are called "10.3.0.1"/,
  ],
  [
    'one address written in two ways',
    { seed },
    [memberAt('fd00::1'), memberAt('fd00:0::1')],
    'DUPLICATE_MEMBER',
    /distinct labels/,
  ],
  ['an address that is none', { seed }, [memberAt('10.3.0.300')], 'ADDRESS_INVALID', /10\.3\.0\.300/],
  ['65,536 members', { seed }, activeMembers(65_536), 'TOO_MANY_MEMBERS', /at most 65535 members, not 65536/],
] as const) {
  test(`${title} is refused as ${code}`, async (t) => {
    const error = await t.throwsAsync(ChoiceTable.build(options, members), { code });
    t.regex(error?.message ?? '', message);
  });
}
