import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { backupAddresses, explainUnannouncedPools, planPoolAnnouncements } from './pool-announcements.js';

const state = 'state: { store: redis, redis: { addresses: ["10.0.0.5:6379"] } }';
const configOf = ({ bgp = '', more = state, method = 'fullnat' } = {}) =>
  parseNodeConfig(
    `node: { interfaces: [eth0], address: 10.0.0.11, address6: "fd00::11" }
bgp: { asn: 64512, peers: [ { address: 10.0.0.1, asn: 64500 } ], announce: { communities: [no-export] } ${bgp} }
nodes:
  members:
    - { name: n1, address: 10.0.0.11, localAddresses: [192.0.2.1, "2001:db8:1::1"] }
    - { name: n2, address: 10.0.0.12, localAddresses: [192.0.2.2] }
    - { name: n3, address: 10.0.0.13, state: draining, localAddresses: ["2001:db8:1::3"] }
${more}
services:
  - { name: web, vip: 198.51.100.10, port: 80, method: ${method}, backends: [ { address: 10.0.0.21 } ] }
`,
    'weir.yaml',
  );
const eth0 = { interface: 'eth0', address: '10.0.0.11', prefixBits: 24 };

test('a node announces its own local addresses, and with a longer path those of each other node', (t) => {
  const common = { communities: ['no-export'] };
  t.deepEqual(planPoolAnnouncements(configOf(), [eth0]), [
    { prefix: '192.0.2.1/32', nextHop: '10.0.0.11', ...common },
    { prefix: '2001:db8:1::1/128', nextHop: 'fd00::11', ...common },
    { prefix: '192.0.2.2/32', nextHop: '10.0.0.11', prepend: 3, ...common },
    { prefix: '2001:db8:1::3/128', nextHop: 'fd00::11', prepend: 3, ...common },
  ]);
});

test('a node that serves no fullnat announces none', (t) => {
  t.deepEqual(planPoolAnnouncements(configOf({ method: 'nat' }), [eth0]), []);
});

for (const [title, config] of [
  ['without shared state', configOf({ more: '' })],
  ['with state of its own alone', configOf({ more: 'state: { store: memory }' })],
  ['where that is switched off', configOf({ bgp: ', announcePools: false' })],
] as const) {
  test(`${title} no local address is announced, and nothing is said about it`, (t) => {
    const networks = [{ ...eth0, address: '192.0.2.11' }];
    t.deepEqual(planPoolAnnouncements(config, networks), []);
    t.deepEqual(explainUnannouncedPools(config, networks), []);
    t.deepEqual(backupAddresses(config, networks), []);
  });
}

test('a local address in a subnet of the node is not announced, for its hosts ask for it; of that the log tells', (t) => {
  const networks = [eth0, { interface: 'eth1', address: '192.0.2.11', prefixBits: 28 }];
  t.deepEqual(
    planPoolAnnouncements(configOf(), networks).map(({ prefix }) => prefix),
    ['2001:db8:1::1/128', '2001:db8:1::3/128'],
  );
  t.deepEqual(explainUnannouncedPools(configOf(), networks), [
    '192.0.2.1, 192.0.2.2: in 192.0.2.11/28 of eth1, whose hosts look for local addresses among themselves; after a crash answers to them do not reach another node',
  ]);
});

test('an address that an interface has alone makes no subnet', (t) => {
  const networks = [eth0, { interface: 'dummy0', address: '192.0.2.1', prefixBits: 32 }];
  t.is(planPoolAnnouncements(configOf(), networks).length, 4);
  t.deepEqual(explainUnannouncedPools(configOf(), networks), []);
});

test("of what is announced for other nodes, the kernel's part is told: not the own addresses, nor those of a subnet", (t) => {
  t.deepEqual(backupAddresses(configOf(), [eth0]), ['192.0.2.2', '2001:db8:1::3']);
  t.deepEqual(backupAddresses(configOf(), [{ ...eth0, address: '192.0.2.11' }]), ['2001:db8:1::3']);
});
