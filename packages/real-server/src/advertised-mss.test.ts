import test from 'ava';
import { advertisedMss } from './advertised-mss.js';

test('a full segment of a client fits the link once a node has encapsulated it, over outer IPv6', (t) => {
  // 1500 = 40 (outer IPv6) + 20 (IPv4) + 20 (TCP) + MSS
  t.is(advertisedMss(1500, ['ipip'], 'ipv4'), 1420);
  t.is(advertisedMss(1500, ['gre'], 'ipv4'), 1416);
  t.is(advertisedMss(1500, ['gue'], 'ipv4'), 1408);
  t.is(advertisedMss(1500, ['gue'], 'ipv6'), 1388);
});

test('the largest of the enabled encapsulations decides', (t) => {
  t.is(advertisedMss(1500, ['ipip', 'gre', 'gue'], 'ipv4'), 1408);
});

test('a link with room to spare leaves clients their own segments', (t) => {
  t.true(advertisedMss(1600, ['ipip', 'gue'], 'ipv4') >= 1460);
});
