import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import { parseNodeConfig } from './parse-node-config.js';

const plain = '{ address: 10.0.0.21 }, { address: 10.0.0.22 }';
const configOf = (more: string, backends = plain, dataplane = '') =>
  parseNodeConfig(
    `node: { interfaces: [eth0] }
dataplane: { ${dataplane} }
services: [ { name: web, vip: 198.51.100.10, port: 80, ${more.includes('method') ? '' : 'method: gue,'} ${more} backends: [ ${backends} ] } ]`,
    'weir.yaml',
  ).services[0];

test('second chance has defaults: three choices, the port of GLB, all fields, rendezvous tables', (t) => {
  const service = configOf('secondChance: {},');
  t.is(service?.scheduler, 'rendezvous');
  t.like(service?.secondChance, {
    choices: 3,
    port: 19_523,
    hashFields: ['source', 'destination', 'sourcePort', 'destinationPort'],
  });
  t.deepEqual(
    service?.backends.map(({ state }) => state),
    ['active', 'active'],
  );
});

test('keys follow from the hash seed, each its own, unless they are given', (t) => {
  const [one, other] = ['1', '2'].map(
    (seed) => configOf('secondChance: {},', plain, `hashSeed: ${seed}`)?.secondChance,
  );
  t.is(one?.seed, '87e7055dea45ea5de338555c352e56e4');
  t.is(new Set([one?.seed, one?.hashKey, other?.seed, other?.hashKey]).size, 4);
  const given = configOf('secondChance: { seed: 00112233445566778899AABBCCDDEEFF },')?.secondChance;
  t.is(given?.seed, '00112233445566778899aabbccddeeff');
});

const refused: readonly (readonly [string, string, string])[] = [
  ['method: ipip, secondChance: {},', plain, "services[0].secondChance: {} can't be had with method ipip"],
  ['guePort: 6080, secondChance: {},', plain, 'services[0].guePort: 6080 stands beside secondChance'],
  ['gueHeader: none, secondChance: {},', plain, 'services[0].gueHeader: "none" stands beside secondChance'],
  ['persistence: {}, secondChance: {},', plain, 'services[0].persistence: {} needs flows that are remembered'],
  ['pinning: {}, secondChance: {},', plain, 'services[0].pinning: {} has no meaning with secondChance'],
  ['scheduler: wlc, secondChance: {},', plain, 'services[0].scheduler: "wlc" can\'t be had with secondChance'],
  ['tableRows: 251, secondChance: {},', plain, 'services[0].tableRows: 251 has no meaning with secondChance'],
  ['slowStart: 5s, secondChance: {},', plain, 'services[0].slowStart: "5s" has no meaning with secondChance'],
  ['secondChance: { choices: 5 },', plain, 'services[0].secondChance.choices: 5'],
  ['secondChance: { hashKey: abc },', plain, 'services[0].secondChance.hashKey: "abc" is not 16 bytes in hexadecimal'],
  ['secondChance: { hashFields: [] },', plain, 'services[0].secondChance.hashFields: [] names no field'],
  [
    'secondChance: {},',
    '{ address: 10.0.0.21 }, { address: "fd00::22" }',
    'services[0].backends[1].address: "fd00::22" is not of the family of 10.0.0.21',
  ],
  [
    'secondChance: {},',
    '{ address: 10.0.0.21, weight: 0 }',
    'services[0].backends[0].weight: 0 takes the backend out of the table at once; use state: draining',
  ],
  ['secondChance: {},', '{ address: 10.0.0.21, weight: 65535 }, { address: 10.0.0.22 }', 'has weights of 65536 in all'],
  [
    'secondChance: {},',
    '{ address: 10.0.0.21, state: inactive }, { address: 10.0.0.22, state: inactive }',
    'are all inactive; packets would have nobody to go to',
  ],
  [
    '',
    '{ address: 10.0.0.21, state: filling }',
    'services[0].backends[0].state: "filling" has no meaning without secondChance',
  ],
];
for (const [more, backends, message] of refused) {
  test(`${more} ${backends === plain ? '' : backends}: refused, with what would be right`, (t) => {
    const error = t.throws(() => configOf(more, backends), { instanceOf: InvalidConfigError });
    t.true(
      error?.problems.some(({ path, message: text }) => `${path}: ${text}`.includes(message)),
      error?.message,
    );
  });
}

test('backends that are all inactive but for one that drains are accepted', (t) => {
  const backends = '{ address: 10.0.0.21, state: inactive }, { address: 10.0.0.22, state: draining }';
  t.is(configOf('secondChance: {},', backends)?.backends.length, 2);
});

test('more services with second chance than there are tables for are refused', (t) => {
  const error = t.throws(() => configOf('secondChance: {},', plain, 'maxSecondChance: 0'), {
    instanceOf: InvalidConfigError,
  });
  t.regex(error?.message ?? '', /than dataplane\.maxSecondChance, 0, has tables for/);
});
