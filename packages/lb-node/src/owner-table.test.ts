import { parseNodeConfig } from '@weir/control';
import { CHOICE_ROWS, NO_CHOICE } from '@weir/director';
import test from 'ava';
import { OwnerTable, otherNodes } from './owner-table.js';

function configOf(self: string, ...states: readonly string[]) {
  return configWith(self, 2, states);
}

function configWith(self: string, choices: number, states: readonly string[]) {
  const members = states.map((state, i) => `{ name: n${i + 1}, address: 10.0.0.1${i + 1}, state: ${state} }`);
  const nodes = states.length === 0 ? '' : `nodes: { choices: ${choices}, members: [ ${members.join(', ')} ] }\n`;
  return parseNodeConfig(`node: { interfaces: [eth0], address: ${self} }\n${nodes}services: []\n`, 'weir.yaml');
}

async function ownersFor(
  table: OwnerTable,
  config: ReturnType<typeof configOf>,
  gone: readonly string[] = [],
  nowMs = 0,
) {
  await table.prepare(config, new Set(otherNodes(config).filter((address) => !gone.includes(address))), nowMs);
  return table.ownersFor(config);
}

/** How many rows each node is first in. */
function firsts(rows: ArrayLike<number>): number[] {
  const counts = [0, 0, 0];
  for (let row = 0; row < CHOICE_ROWS; row++) {
    const first = rows[row * 2] as number;
    counts[first] = (counts[first] ?? 0) + 1;
  }
  return counts;
}

test('all nodes have the same table, and each knows which of them it is', async (t) => {
  const [first, second] = await Promise.all(
    ['10.0.0.11', '10.0.0.13'].map((self) => ownersFor(new OwnerTable(), configOf(self, 'active', 'active', 'active'))),
  );
  t.is(first?.self, 0);
  t.is(second?.self, 2);
  t.deepEqual(first?.rows, second?.rows);
  for (const count of firsts(first?.rows ?? [])) t.true(Math.abs(count - CHOICE_ROWS / 3) < 700, `${count}`);
});

test('a node that drains is first in no row, and second where it was first', async (t) => {
  const table = new OwnerTable();
  const before = await ownersFor(table, configOf('10.0.0.11', 'active', 'active', 'active'));
  const after = await ownersFor(table, configOf('10.0.0.11', 'active', 'draining', 'active'));
  if (before === undefined || after === undefined) return t.fail();
  t.is(firsts(after.rows)[1], 0);
  for (let row = 0; row < CHOICE_ROWS; row++) {
    if (before.rows[row * 2] === 1) t.is(after.rows[row * 2 + 1], 1);
  }
});

test('a node whose neighbour does not answer begins nothing, until it does again', async (t) => {
  const table = new OwnerTable();
  const config = configOf('10.0.0.11', 'active', 'active', 'active');
  const before = await ownersFor(table, config);
  const without = await ownersFor(table, config, ['10.0.0.13']);
  t.is(firsts(without?.rows ?? [])[2], 0);
  t.deepEqual((await ownersFor(table, config))?.rows, before?.rows);
});

test('a node that has not been resolved yet has time for it', async (t) => {
  const table = new OwnerTable();
  const config = configOf('10.0.0.11', 'active', 'active', 'active');
  const all = ['10.0.0.12', '10.0.0.13'];
  const firstOf = async (nowMs: number) => firsts((await ownersFor(table, config, all, nowMs))?.rows ?? []);
  t.true(((await firstOf(1000))[1] ?? 0) > 0);
  t.true(((await firstOf(3000))[1] ?? 0) > 0);
  t.deepEqual(await firstOf(3500), [CHOICE_ROWS, 0, 0]);
});

for (const choices of [2, 3, 4]) {
  test(`no row of ${choices} choices names a node that is gone, and those of others stay as they were`, async (t) => {
    const table = new OwnerTable();
    const config = configWith('10.0.0.11', choices, ['active', 'active', 'active']);
    const before = (await ownersFor(table, config))?.rows as Uint16Array;
    const without = (await ownersFor(table, config, ['10.0.0.13']))?.rows as Uint16Array;
    for (let start = 0; start < CHOICE_ROWS * choices; start += choices) {
      const staying = before.subarray(start, start + choices).filter((node) => node !== 2 && node !== NO_CHOICE);
      const row = without.subarray(start, start + choices);
      // Where the node was first, one that no choice was left for may come before the others.
      const left = row.filter((node) => node !== NO_CHOICE);
      if (left.includes(2) || left.length === 0) return t.fail(`row ${start / choices}: ${row}`);
      if (before[start] !== 2 && left.join() !== staying.join()) return t.fail(`row ${start / choices}: ${row}`);
    }
    t.is((await ownersFor(table, config, ['10.0.0.13']))?.rows, without);
    t.deepEqual((await ownersFor(table, config))?.rows, before);
  });
}

test('a node that is inactive and alone has all rows', async (t) => {
  const config = configOf('10.0.0.11', 'inactive', 'active', 'active');
  const table = new OwnerTable();
  await ownersFor(table, config);
  const owners = await ownersFor(table, config, ['10.0.0.12', '10.0.0.13']);
  t.deepEqual(firsts(owners?.rows ?? []), [CHOICE_ROWS, 0, 0]);
});

test('without nodes there are no owners', async (t) => {
  t.is(await ownersFor(new OwnerTable(), configOf('10.0.0.11')), undefined);
});

test('next hops are kept for the other nodes', (t) => {
  t.deepEqual(otherNodes(configOf('10.0.0.12', 'active', 'active', 'inactive')), ['10.0.0.11', '10.0.0.13']);
  t.deepEqual(otherNodes(configOf('10.0.0.12')), []);
});
