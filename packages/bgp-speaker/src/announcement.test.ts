import type { BgpPath } from '@weir/gobgp-client';
import test from 'ava';
import fc from 'fast-check';
import { type AnnouncementDefaults, pathDifference, pathOf } from './announcement.js';

const defaults: AnnouncementDefaults = { asn: 64512, nextHop: { ipv4: '10.0.0.11', ipv6: 'fd00::11' } };

test('an announcement that says no more than its prefix gets the next hop of its family', (t) => {
  t.deepEqual(pathOf({ prefix: '198.51.100.10/32' }, defaults), { prefix: '198.51.100.10/32', nextHop: '10.0.0.11' });
  t.deepEqual(pathOf({ prefix: '2001:db8::10/128' }, defaults), { prefix: '2001:db8::10/128', nextHop: 'fd00::11' });
});

test('an announcement keeps what it says, and each prepend is the own AS number once more', (t) => {
  const announcement = {
    prefix: '198.51.100.10/32',
    nextHop: '10.0.0.99',
    communities: ['64512:100', 'no-export'],
    med: 0,
    localPreference: 200,
    prepend: 2,
  };
  const { prepend, ...same } = announcement;
  t.deepEqual(pathOf(announcement, defaults), { ...same, asPath: [64512, 64512] });
});

for (const [prefix, family, nextHop] of [
  ['198.51.100.10/32', 'IPv4', { ipv6: 'fd00::11' }],
  ['2001:db8::10/128', 'IPv6', { ipv4: '10.0.0.11' }],
] as const) {
  test(`an ${family} prefix on a node without an ${family} address is refused, by its name`, (t) => {
    t.throws(() => pathOf({ prefix }, { asn: 64512, nextHop }), {
      code: 'NEXT_HOP_MISSING',
      message: `${prefix} can't be announced without an ${family} next hop; set the node's address of that family, or the announcement's next hop`,
    });
  });
}

const path: BgpPath = {
  prefix: '198.51.100.10/32',
  nextHop: '10.0.0.11',
  communities: ['64512:100', 'no-export'],
  med: 10,
  localPreference: 200,
  asPath: [64512],
};
const nothing = { add: [], remove: [] };

test('a path that is announced as it is wanted is left alone', (t) => {
  t.deepEqual(pathDifference([path], [path]), nothing);
});

test('communities are a set, and a name is a number', (t) => {
  t.deepEqual(pathDifference([path], [{ ...path, communities: ['65535:65281', '64512:100', '64512:100'] }]), nothing);
  const { communities, ...without } = path;
  t.deepEqual(pathDifference([without], [{ ...path, communities: [] }]), nothing);
});

test('another spelling of a prefix or a next hop is no difference', (t) => {
  const ipv6 = { prefix: '2001:db8::10/128', nextHop: 'fd00::11' };
  const spelled = pathOf({ prefix: '2001:DB8:0::10/128', nextHop: 'FD00:0::11' }, defaults);
  t.deepEqual(pathDifference([ipv6], [spelled]), nothing);
});

for (const change of [
  { nextHop: '10.0.0.12' },
  { communities: ['64512:100'] },
  { med: 11 },
  { localPreference: 100 },
  { asPath: [64512, 64512] },
]) {
  test(`a path with another ${Object.keys(change)[0]} is added in place of the one before`, (t) => {
    const changed = { ...path, ...change };
    t.deepEqual(pathDifference([path], [changed]), { add: [changed], remove: [] });
  });
}

test('the difference, applied to what is announced, gives what is wanted, and is empty the next time', (t) => {
  const somePath = fc.record({
    prefix: fc.nat(6).map((host) => `198.51.100.${host}/32`),
    nextHop: fc.constantFrom('10.0.0.11', '10.0.0.12'),
    med: fc.nat(1),
  });
  const paths = fc.uniqueArray(somePath, { selector: ({ prefix }) => prefix });
  fc.assert(
    fc.property(paths, paths, (current, wanted) => {
      const { add, remove } = pathDifference(current, wanted);
      const table = new Map(current.map((each) => [each.prefix, each]));
      for (const { prefix } of remove) table.delete(prefix);
      for (const each of add) table.set(each.prefix, each as (typeof current)[number]);
      t.deepEqual([...table.values()].sort(byPrefix), [...wanted].sort(byPrefix));
      t.deepEqual(pathDifference([...table.values()], wanted), nothing);
    }),
  );
});

function byPrefix(a: BgpPath, b: BgpPath): number {
  return a.prefix < b.prefix ? -1 : 1;
}
