import test from 'ava';
import { choiceRow } from './choice-row.js';
import { ChoiceTable } from './choice-table.js';
import { PACKET_CHOICES_MAX, packetChoices } from './packet-choices.js';
import { activeMembers, choicesOf, exampleSeed as seed } from './test-support/choice-tables.js';

const key = Uint8Array.from({ length: 16 }, (_, index) => index);
const packet = (sourcePort: number) => ({
  source: '192.0.2.7',
  destination: '198.51.100.1',
  sourcePort,
  destinationPort: 443,
});

test('a packet tries the choices of its row, in order', async (t) => {
  const table = await ChoiceTable.build({ seed }, activeMembers(9));
  const tried = packetChoices(table, { key, fields: ['source'] }, packet(1)).map((index) => table.members[index]?.id);
  t.deepEqual(tried, choicesOf(table, choiceRow(key, ['source'], packet(1))));
});

test('while fields change, the choices under the old fields come after those under the new ones, nobody twice', async (t) => {
  const table = await ChoiceTable.build({ seed, choices: 4 }, activeMembers(9));
  const hash = { key, fields: ['source', 'sourcePort'], fieldsBefore: ['source'] } as const;
  const before = choicesOf(table, choiceRow(key, ['source'], packet(1)));
  let overlaps = 0;
  for (let port = 0; port < 200; port++) {
    const now = choicesOf(table, choiceRow(key, hash.fields, packet(port)));
    const expected = [...now, ...before.filter((id) => !now.includes(id))].slice(0, PACKET_CHOICES_MAX);
    t.deepEqual(
      packetChoices(table, hash, packet(port)).map((index) => table.members[index]?.id),
      expected,
    );
    if (expected.length < PACKET_CHOICES_MAX || before[0] === now[1]) overlaps++;
  }
  t.true(overlaps > 0, 'some rows have members in common');
});

test('a connection that began under the old fields finds its member among the choices: with two choices always', async (t) => {
  const table = await ChoiceTable.build({ seed, choices: 2 }, activeMembers(20));
  for (let port = 0; port < 500; port++) {
    const [first] = packetChoices(table, { key, fields: ['source', 'destinationPort'] }, packet(port));
    const tried = packetChoices(
      table,
      { key, fields: ['sourcePort'], fieldsBefore: ['source', 'destinationPort'] },
      packet(port),
    );
    t.true(tried.includes(first as number));
  }
});

test('a packet of a table without members has nobody to try', async (t) => {
  const table = await ChoiceTable.build({ seed }, []);
  t.deepEqual(packetChoices(table, { key, fields: ['source'] }, packet(1)), []);
});
