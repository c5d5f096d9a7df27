import { parseNodeConfig } from '@weir/control';
import { CHOICE_ROWS, ChoiceTable, hashFields, NO_CHOICE } from '@weir/director';
import test from 'ava';
import { ChoiceTables } from './choice-tables.js';
import { ForwardingPlanner } from './forwarding-tables.js';

const SEED = '000102030405060708090a0b0c0d0e0f';
const configOf = (backends: string, secondChance = '{}') =>
  parseNodeConfig(
    `node: { interfaces: [eth0] }
services:
  - { name: web, vip: 198.51.100.10, port: 80, method: gue, secondChance: ${secondChance}, backends: [ ${backends} ] }`,
    'weir.yaml',
  );
const backendList = (count: number, states: Readonly<Record<number, string>> = {}) =>
  Array.from({ length: count }, (_, i) => `{ address: 10.0.${i >> 8}.${i & 255}, state: ${states[i] ?? 'active'} }`);
const backends = (...list: Parameters<typeof backendList>) => backendList(...list).join();

async function rowsOf(tables: ChoiceTables, text: string): Promise<Uint16Array> {
  const { services } = configOf(text, `{ seed: ${SEED} }`);
  await tables.prepare(services);
  return tables.rowsOf(services[0] as (typeof services)[number]);
}

test('a service with second chance has the table of the director, and hops on UDP 19523', async (t) => {
  const planner = new ForwardingPlanner();
  const config = configOf(backends(4), `{ seed: ${SEED}, hashKey: ${SEED}, alternativeHashFields: [source] }`);
  await planner.prepare(config, new Set(), 0);
  const [service] = planner.plan(config, {}, 0).tables.services;
  const members = [0, 1, 2, 3].map((i) => {
    const address = `10.0.0.${i}`;
    return { id: address, address, state: 'active' as const, healthy: true };
  });
  const table = await ChoiceTable.build({ seed: Buffer.from(SEED, 'hex'), choices: 3 }, members);
  t.deepEqual(service?.rows, table.rows);
  t.deepEqual(service?.forwarding, { method: 'gue', port: 19_523, header: 'hops' });
  t.deepEqual(service?.scheduling, {
    pick: 'choices',
    choices: 3,
    hash: { key: Buffer.from(SEED, 'hex'), fields: hashFields, alternativeFields: ['source'] },
  });
});

test('a draining backend is the first choice of no row, and stays a choice of its own', async (t) => {
  const tables = new ChoiceTables();
  const before = await rowsOf(tables, backends(5));
  const after = await rowsOf(tables, backends(5, { 2: 'draining' }));
  const rows = Array.from({ length: CHOICE_ROWS }, (_, row) => row);
  t.false(rows.some((row) => after[3 * row] === 2));
  const own = rows.filter((row) => before[3 * row] === 2);
  t.true(own.length > CHOICE_ROWS / 6);
  t.true(own.every((row) => after.subarray(3 * row, 3 * row + 3).includes(2)));
});

test('a weight is so many members, and no row names a backend twice', async (t) => {
  const rows = await rowsOf(new ChoiceTables(), '{ address: 10.0.0.1, weight: 3 }, { address: 10.0.0.2 }');
  let first = 0;
  for (let row = 0; row < CHOICE_ROWS; row++) {
    const choices = [...rows.subarray(3 * row, 3 * row + 3)].filter((choice) => choice !== NO_CHOICE);
    if (new Set(choices).size !== choices.length) t.fail(`row ${row} is ${choices}`);
    if (choices[0] === 0) first++;
  }
  t.true(Math.abs(first / CHOICE_ROWS - 3 / 4) < 0.01, `${first} rows`);
});

// Serial: the CPU time of other tests would count, too.
test.serial('a change is computed by its difference, also where backends stand in another order', async (t) => {
  const tables = new ChoiceTables();
  const built = await timed(() => rowsOf(tables, backends(400)));
  const changed = await timed(() => rowsOf(tables, backends(400, { 7: 'draining' })));
  t.deepEqual(changed.rows, await rowsOf(new ChoiceTables(), backends(400, { 7: 'draining' })));
  t.true(changed.cpuMs < built.cpuMs / 2, `${changed.cpuMs} ms, and ${built.cpuMs} ms for a whole table`);

  const there = await rowsOf(tables, backendList(400).reverse().join());
  t.deepEqual(
    there,
    built.rows.map((index) => 399 - index),
  );
});

async function timed(
  make: () => Promise<Uint16Array>,
): Promise<{ readonly rows: Uint16Array; readonly cpuMs: number }> {
  const started = process.cpuUsage();
  const rows = await make();
  const { user, system } = process.cpuUsage(started);
  return { rows, cpuMs: (user + system) / 1000 };
}
