import { CHOICE_ROWS, choiceRow, type HashField, hashFields, NO_CHOICE } from '@weir/director';
import { addressToBytes } from '@weir/packet';
import test from 'ava';
import type { ForwardingService } from '../dataplane.js';
import type { ChoiceHash } from '../scheduling.js';
import { backend, engineWith, hexOf, outcome, segment, vip } from './test-support/engine.js';
import { packets } from './test-support/packets.js';

const key = Uint8Array.from({ length: 16 }, (_, i) => i);
const members = ['10.0.0.21', '10.0.0.22', '10.0.0.23', '10.0.0.24', '10.0.0.25', '10.0.0.26'];
const client = { source: '192.0.2.10', destination: vip[4], sourcePort: 1234, destinationPort: 80 };

/** A service whose rows all are `usual`, but for those that are named. */
function secondChance(
  usual: readonly number[],
  hash: Partial<ChoiceHash> = {},
  named: Readonly<Record<number, readonly number[]>> = {},
  more: Partial<ForwardingService> = {},
): Partial<ForwardingService> {
  const rows = new Uint16Array(CHOICE_ROWS * usual.length);
  for (let row = 0; row < CHOICE_ROWS; row++) rows.set(named[row] ?? usual, row * usual.length);
  return {
    forwarding: { method: 'gue', port: 19_523, header: 'hops' },
    scheduling: { pick: 'choices', choices: usual.length as 2 | 3 | 4, hash: { key, fields: hashFields, ...hash } },
    backends: members.map((address) => ({ address })),
    rows,
    ...more,
  };
}

/** Outer destination and all hops of what left over IPv4. */
function triedInTurn(frame: string): readonly string[] {
  const [outer, list] = [frame.slice(28), frame.slice(28 + 2 * 28)];
  const hops = Number.parseInt(list.slice(14, 16), 16);
  return [outer.slice(32, 40), ...Array.from({ length: hops }, (_, i) => list.slice(16 + 8 * i, 24 + 8 * i))];
}

const inHex = (indexes: readonly number[]) => indexes.map((i) => hexOf(addressToBytes(members[i] as string)));

test('the outer destination is the first choice, and the others are hops as GLB writes them', (t) => {
  const frame = outcome(engineWith([secondChance([1, 0, 2])]), packets.syn4);
  // IPv4 to 10.0.0.22; UDP to 19523 without a checksum; GUE of 3 words: IPv4 inside, type 0, next hop 0 of 2.
  t.is(frame.slice(28, 68), '452a0054000040004011264f0a00000b0a000016');
  t.regex(frame.slice(68, 84), /^....4c4300400000$/);
  t.is(frame.slice(84, 116), ['0304000000000002', '0a000015', '0a000017'].join(''));
  t.is(frame.slice(116, 124), '452a0028');
});

test('hops of IPv6 have 16 bytes and a type of their own', (t) => {
  const backends = [backend[6], 'fd00::22', 'fd00::23'].map((address) => ({ address }));
  const frame = outcome(engineWith([secondChance([2, 1], {}, {}, { backends })]), packets.syn4);
  t.is(frame.slice(28 + 48, 28 + 80), `fd00${'0'.repeat(26)}23`);
  t.is(frame.slice(28 + 96, 28 + 144), `0504000000010001fd00${'0'.repeat(26)}22`);
});

test('a packet has the row that the hash of the fields names', (t) => {
  for (const fields of [hashFields, ['source'], ['destination', 'destinationPort'], ['sourcePort']] as HashField[][]) {
    const row = choiceRow(key, fields, client);
    const engine = engineWith([secondChance([0, 1, 2], { fields }, { [row]: [5, 4, 3] })]);
    t.deepEqual(triedInTurn(outcome(engine, packets.syn4)), inHex([5, 4, 3]));
    t.deepEqual(triedInTurn(outcome(engine, segment({ client: '192.0.2.77', port: 9, toPort: 80 }))).length, 3);
  }
});

test('the choices under the fields before follow, none of them twice and no more than four hops', (t) => {
  const [now, before] = [choiceRow(key, hashFields, client), choiceRow(key, ['source'], client)];
  const tried = (...rows: readonly [readonly number[], readonly number[]]) => {
    const hash = { alternativeFields: ['source'] } as const;
    const usual = Array.from({ length: rows[0].length }, (_, i) => i);
    return triedInTurn(
      outcome(engineWith([secondChance(usual, hash, { [now]: rows[0], [before]: rows[1] })]), packets.syn4),
    );
  };
  t.deepEqual(tried([0, 1, 2], [3, 1, 4]), inHex([0, 1, 2, 3, 4]));
  t.deepEqual(tried([0, 1, 2, 3], [4, 5, 1, 2]), inHex([0, 1, 2, 3, 4]));
  t.deepEqual(tried([0, 1], [1, 0]), inHex([0, 1]));
});

test('a row with fewer choices has fewer hops, and one without any drops', (t) => {
  const row = choiceRow(key, hashFields, client);
  const with_ = (choices: readonly number[]) =>
    outcome(engineWith([secondChance([0, 1], {}, { [row]: choices })]), packets.syn4);
  t.deepEqual(triedInTurn(with_([1, NO_CHOICE])), inHex([1]));
  t.is(with_([NO_CHOICE, NO_CHOICE]), 'no_backend');
  t.is(outcome(engineWith([secondChance([0, 1], {}, {}, { rows: [] })]), packets.syn4), 'no_backend');
});

test('the hops count in what does not fit', (t) => {
  const engine = engineWith([secondChance([0, 1, 2])], {}, { mtuBytes: 83 });
  const told = outcome(engine, packets.syn4);
  t.is(told.slice(68, 72), '0304');
  t.is(Number.parseInt(told.slice(80, 84), 16), 83 - (20 + 8 + 8 + 2 * 4));
  t.is(engine.counters().drops.too_big, 1);
});

test('later fragments have the hops of the first one', (t) => {
  const row = choiceRow(key, hashFields, client);
  const engine = engineWith([secondChance([0, 1, 2], {}, { [row]: [5, 4, 3] })]);
  outcome(engine, packets.syn4.replace('000700004006', '000720004006'));
  const later = outcome(engine, packets.syn4.replace('000700004006', '000700054006'));
  t.deepEqual(triedInTurn(later), inHex([5, 4, 3]));
});

test('no flow is remembered: the same connection follows its row', (t) => {
  const engine = engineWith([secondChance([0, 1])]);
  outcome(engine, packets.syn4);
  t.deepEqual([...engine.flows()], []);
});

const refused: readonly (readonly [string, Partial<ForwardingService>, RegExp])[] = [
  [
    'choices without hops',
    secondChance([0, 1], {}, {}, { forwarding: { method: 'gue', port: 6080, header: 'gue' } }),
    /rows of choices go with gue and header hops/,
  ],
  [
    'hops without choices',
    { forwarding: { method: 'gue', port: 19_523, header: 'hops' } },
    /gue with header hops needs rows of choices, and picks by hash/,
  ],
  ['a key that is not 16 bytes', secondChance([0, 1], { key: new Uint8Array(8) }), /has 16 bytes, not 8/],
  ['no field to hash', secondChance([0, 1], { fields: [] }), /no field of a packet is hashed/],
  ['rows of another length', secondChance([0, 1], {}, {}, { rows: [0, 1] }), /are 131072 entries, not 2/],
  ['a backend twice in a row', secondChance([0, 1], {}, { 7: [1, 1] }), /row 7 has backend 1 twice/],
  ['a choice behind none', secondChance([0, 1], {}, { 7: [NO_CHOICE, 1] }), /row 7 has a choice after none/],
  ['a backend that there is not', secondChance([0, 1], {}, { 7: [0, 6] }), /row 7 names backend 6 of 6/],
  ['kept rows', secondChance([0, 1], {}, {}, { keptRows: [1] }), /rows of choices keep no flows/],
  [
    'backends of both families',
    secondChance([0, 1], {}, {}, { backends: [{ address: backend[4] }, { address: backend[6] }] }),
    /IPv4 and of IPv6 are mixed/,
  ],
];
for (const [title, service, message] of refused) {
  test(`${title}: refused by name`, (t) => {
    t.throws(() => engineWith([service]), { code: 'TABLES_INVALID', message });
  });
}
