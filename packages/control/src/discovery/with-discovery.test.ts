import test from 'ava';
import type { NodeConfig } from '../node-config.js';
import { parseNodeConfig } from '../parse-node-config.js';
import type { DiscoveredBackend } from './discovery.js';
import { withDiscovery } from './with-discovery.js';

function configOf(service: string): NodeConfig {
  return parseNodeConfig(
    `node: { interfaces: [eth0], address: 10.0.0.11, localAddresses: [10.0.0.12] }
services:
  - { name: web, vip: 198.51.100.10, port: 80, discovery: [ { file: /etc/weir/web.yaml } ], ${service} }`,
    'weir.yaml',
  );
}

type Found = Partial<DiscoveredBackend> & { readonly address: string };

/** The backends that a service then has, and what is skipped. */
function join(service: string, ...found: readonly Found[]) {
  const documents = found.map((backend) => ({ weight: 1, maxConnections: 0, ...backend }));
  const { config, skipped } = withDiscovery(configOf(service), new Map([['web', documents]]));
  return { backends: config.services[0]?.backends ?? [], skipped, config };
}

test('what was found joins the own backends, with the defaults that those have', (t) => {
  const { backends, skipped } = join('backends: [ { address: 10.0.0.21 } ]', { address: '10.0.0.22' });
  t.deepEqual(backends.slice(1), [{ ...backends[0], name: '10.0.0.22', address: '10.0.0.22' }]);
  t.deepEqual(skipped, []);
});

test('a service may have no backends of its own', (t) => {
  t.deepEqual(
    join('method: nat', { address: '10.0.0.22', port: 8080, weight: 3 }).backends.map(({ name, weight }) => [
      name,
      weight,
    ]),
    [['10.0.0.22:8080', 3]],
  );
});

test("of the same address and port twice the service's own stays", (t) => {
  const { backends, skipped } = join(
    'method: nat, backends: [ { address: 10.0.0.21, port: 80, weight: 7 } ]',
    { address: '10.0.0.21', port: 80, weight: 1 },
    { address: '10.0.0.21', port: 81, weight: 2 },
    { address: '10.0.0.21', port: 81, weight: 3 },
  );
  t.deepEqual(
    backends.map(({ port, weight }) => [port, weight]),
    [
      [80, 7],
      [81, 2],
    ],
  );
  t.deepEqual(skipped, []);
});

test('ports that were found have no meaning with methods that leave ports alone', (t) => {
  const { backends } = join('method: dr', { address: '10.0.0.22', port: 80 }, { address: '10.0.0.22', port: 81 });
  t.deepEqual(
    backends.map(({ name, port }) => [name, port]),
    [['10.0.0.22', undefined]],
  );
});

const unusable: readonly (readonly [string, Found, string])[] = [
  ['', { address: '198.51.100.10' }, 'is a VIP; a backend has an address of its own'],
  [
    'method: dr',
    { address: '2001:db8::21' },
    'is not of the family of the VIP, 198.51.100.10; method dr does not cross families, ipip, gre and gue do',
  ],
  ['', { address: '10.0.0.22', state: 'filling' }, 'state has no meaning without secondChance'],
  ['', { address: '10.0.0.22', minConnections: 1 }, 'minConnections has no meaning without maxConnections'],
  [
    '',
    { address: '10.0.0.22', minConnections: 9, maxConnections: 9 },
    'minConnections is not less than maxConnections, 9',
  ],
  [
    'backends: [ { name: a, address: 10.0.0.21 } ]',
    { name: 'a', address: '10.0.0.22' },
    'its name is that of another backend',
  ],
];

for (const [service, found, why] of unusable) {
  test(`skipped: ${why}`, (t) => {
    const { backends, skipped } = join(service, found, { address: '10.0.0.99' });
    t.is(backends.at(-1)?.address, '10.0.0.99');
    t.false(backends.some(({ address }) => address === found.address));
    t.deepEqual(skipped, [`service web, backend ${found.name ?? found.address}: ${why}`]);
  });
}

test('more than the service has room for are skipped', (t) => {
  const many = Array.from({ length: 1025 }, (_, i) => ({ address: `10.1.${i >> 8}.${i & 255}` }));
  const { backends, skipped } = join('scheduler: wlc', ...many);
  t.is(backends.length, 1024);
  t.deepEqual(skipped, ['service web, backend 10.1.4.0: the service has no room for more than 1024 backends']);
});

test('a configuration without discovery is the same one, and what is joined is frozen', (t) => {
  const config = configOf('');
  t.is(withDiscovery(config, new Map()).config, config);
  const joined = join('', { address: '10.0.0.22' });
  t.true(Object.isFrozen(joined.config.services[0]?.backends[0]));
});
