import test from 'ava';
import { advertisedMss, type Encapsulation, type Family, overheadBytes } from './advertised-mss.js';

const overheads: readonly (readonly [Encapsulation, Family, number])[] = [
  ['ipip', 'ipv4', 20],
  ['ipip', 'ipv6', 40],
  ['gre', 'ipv4', 24],
  ['gre', 'ipv6', 44],
  ['gue', 'ipv4', 32],
  ['gue', 'ipv6', 52],
  ['fou', 'ipv4', 28],
  ['fou', 'ipv6', 48],
  ['second_chance', 'ipv4', 52],
  ['second_chance', 'ipv6', 120],
];
for (const [encapsulation, outer, bytes] of overheads) {
  test(`${encapsulation} over ${outer} takes ${bytes} bytes`, (t) => {
    t.is(overheadBytes(encapsulation, outer), bytes);
    // MTU = overhead + IP + TCP + MSS
    t.is(advertisedMss(1500, [encapsulation], 'ipv4', [outer]), 1500 - bytes - 20 - 20);
    t.is(advertisedMss(1500, [encapsulation], 'ipv6', [outer]), 1500 - bytes - 40 - 20);
  });
}

test('the largest of the enabled encapsulations and outer families decides', (t) => {
  t.is(advertisedMss(1500, ['ipip', 'gre', 'gue'], 'ipv4', ['ipv4']), 1428);
  t.is(advertisedMss(1500, ['gue', 'ipip'], 'ipv4', ['ipv4', 'ipv6']), 1408);
});

test('a link with room to spare leaves clients their own segments', (t) => {
  t.is(advertisedMss(1600, ['ipip', 'gue'], 'ipv4', ['ipv4']), 1528);
});
