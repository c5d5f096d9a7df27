import test from 'ava';
import fc from 'fast-check';
import { type BgpPath, canonicalPath, decodePath, encodePath } from './bgp-path.js';
import { formatCommunity } from './community.js';

const uint32 = fc.nat(0xffffffff);
const attributes = {
  med: uint32,
  localPreference: uint32,
  asPath: fc.array(fc.integer({ min: 1, max: 0xffffffff }), { minLength: 1, maxLength: 5 }),
  communities: fc.array(uint32.map(formatCommunity), { minLength: 1, maxLength: 5 }),
};
const byte = fc.nat(255);
const ipv4 = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.'));
/** No zero group: what is shortened how is RFC 5952's business, and tested by example. */
const ipv6 = fc
  .array(fc.integer({ min: 1, max: 0xffff }), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16)).join(':'));
const pathTo = (address: fc.Arbitrary<string>, length: number): fc.Arbitrary<BgpPath> =>
  fc.record(
    { prefix: address.map((text) => `${text}/${length}`), nextHop: address, ...attributes },
    { requiredKeys: ['prefix', 'nextHop'] },
  );

for (const [family, paths] of [
  ['IPv4', pathTo(ipv4, 32)],
  ['IPv6', pathTo(ipv6, 128)],
] as const) {
  test(`what encodePath() writes of an ${family} path, decodePath() reads back`, (t) => {
    fc.assert(fc.property(paths, (path) => t.deepEqual(decodePath(encodePath(path)), path) !== false));
  });
}

test('the next hop of an IPv6 path is in MP_REACH_NLRI, that of an IPv4 path in NEXT_HOP', (t) => {
  const attributesOf = (path: BgpPath) =>
    encodePath(path).pattrs.map((attribute) => attribute['@type'].split('.').at(-1));
  t.deepEqual(attributesOf({ prefix: '198.51.100.10/32', nextHop: '10.0.0.11' }), [
    'OriginAttribute',
    'NextHopAttribute',
  ]);
  t.deepEqual(attributesOf({ prefix: '2001:db8::10/128', nextHop: 'fd00::11' }), [
    'OriginAttribute',
    'MpReachNLRIAttribute',
  ]);
});

test('two spellings of one path are equal once canonical', (t) => {
  t.deepEqual(
    canonicalPath({
      prefix: '2001:DB8:0:0::10/64',
      nextHop: 'FD00:0::0:11',
      communities: ['65535:65281', '1:02'],
      asPath: [],
    }),
    { prefix: '2001:db8::/64', nextHop: 'fd00::11', communities: ['no-export', '1:2'] },
  );
  t.deepEqual(canonicalPath({ prefix: '198.51.100.10/24', nextHop: '10.0.0.11', communities: [] }), {
    prefix: '198.51.100.0/24',
    nextHop: '10.0.0.11',
  });
});

const good: BgpPath = { prefix: '198.51.100.10/32', nextHop: '10.0.0.11' };
for (const [path, message] of [
  [{ ...good, prefix: '198.51.100.10' }, '"198.51.100.10" is not a prefix such as 198.51.100.10/32'],
  [{ ...good, prefix: '198.51.100.10/33' }, '"198.51.100.10/33" is not a prefix such as 198.51.100.10/32'],
  [{ ...good, prefix: '198.51.100/24' }, '"198.51.100/24" is not a prefix such as 198.51.100.10/32'],
  [{ ...good, prefix: 'vip/32' }, '"vip/32" is not a prefix such as 198.51.100.10/32'],
  [{ ...good, nextHop: '10.0.0' }, 'path to 198.51.100.10/32: next hop "10.0.0" is not an IPv4 address'],
  [{ ...good, nextHop: 'fd00::11' }, 'path to 198.51.100.10/32: next hop "fd00::11" is not an IPv4 address'],
  [
    { prefix: '2001:db8::10/128', nextHop: '10.0.0.11' },
    'path to 2001:db8::10/128: next hop "10.0.0.11" is not an IPv6 address',
  ],
  [{ ...good, communities: ['gold'] }, '"gold" is not a community such as 64512:100 or no-export'],
  [{ ...good, med: -1 }, 'path to 198.51.100.10/32: MED -1 is not a whole number from 0 to 4294967295'],
  [
    { ...good, localPreference: 2 ** 32 },
    'path to 198.51.100.10/32: local preference 4294967296 is not a whole number from 0 to 4294967295',
  ],
  [{ ...good, asPath: [1.5] }, 'path to 198.51.100.10/32: AS number 1.5 is not a whole number from 0 to 4294967295'],
] as const) {
  test(`a path is refused: ${message}`, (t) => {
    t.throws(() => encodePath(path), { code: 'PATH_INVALID', message });
  });
}
