import { addressToBytes } from '@weir/packet';
import test from 'ava';
import { NetworkList } from './network-list.js';

const list = new NetworkList({
  deny: ['0.0.0.0/0', '192.0.2.128/25', '2001:db8::/33', '198.51.100.7'],
  allow: ['192.0.2.0/24', '2001:db8::/48', '198.51.100.7/32'],
});

for (const [address, verdict] of [
  ['203.0.113.1', 'deny'],
  ['192.0.2.1', 'allow'],
  ['192.0.2.129', 'deny'],
  ['198.51.100.7', 'deny'],
  ['2001:db8::1', 'allow'],
  ['2001:db8:1::1', 'deny'],
  ['2001:db8:8000::1', undefined],
] as const) {
  test(`${address}: ${verdict ?? 'nobody says'}`, (t) => t.is(list.verdictOn(addressToBytes(address)), verdict));
}

test('a hundred thousand networks are asked in no more steps than there are lengths', (t) => {
  const deny = Array.from({ length: 100_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`);
  const many = new NetworkList({ deny, allow: ['10.0.0.0/8'] });
  t.is(many.verdictOn(addressToBytes('10.1.134.159')), 'deny');
  t.is(many.verdictOn(addressToBytes('10.1.134.160')), 'allow');
});
