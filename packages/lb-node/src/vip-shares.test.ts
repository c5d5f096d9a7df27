import test from 'ava';
import { vipsOfNode } from './vip-shares.js';

const vips = Array.from({ length: 30 }, (_, index) => `198.51.100.${index + 1}`);
const nodes = ['lb1', 'lb2', 'lb3'];
const sharesOf = (shares: { vips: string[]; nodes: string[]; maxVips: number }) =>
  shares.nodes.map((node) => vipsOfNode(node, shares));
const holdersOf = (vip: string, shares: readonly ReadonlySet<string>[]) =>
  shares.filter((share) => share.has(vip)).length;

test('every VIP has a node as long as there is room for all, and no node has more than it may', (t) => {
  const shares = sharesOf({ vips, nodes, maxVips: 10 });
  t.deepEqual(
    shares.map(({ size }) => size),
    [10, 10, 10],
  );
  for (const vip of vips) t.is(holdersOf(vip, shares), 1, vip);
});

test('every VIP gets a second node before any gets a third', (t) => {
  const shares = sharesOf({ vips, nodes, maxVips: 22 });
  const holders = vips.map((vip) => holdersOf(vip, shares));
  t.is(Math.min(...holders), 2);
  t.is(holders.filter((count) => count === 3).length, 6);
});

test('where there is room for all, every node has all', (t) => {
  for (const share of sharesOf({ vips, nodes, maxVips: 30 })) t.is(share.size, 30);
});

test('the order of names does not matter', (t) => {
  const turned = { vips: vips.toReversed(), nodes: nodes.toReversed(), maxVips: 10 };
  t.deepEqual([...vipsOfNode('lb1', turned)].sort(), [...vipsOfNode('lb1', { vips, nodes, maxVips: 10 })].sort());
});

test('when a node goes, the others keep what they have and take what was its', (t) => {
  const before = sharesOf({ vips, nodes, maxVips: 20 });
  const after = sharesOf({ vips, nodes: ['lb1', 'lb2'], maxVips: 20 });
  const lost = [0, 1].flatMap((at) => [...(before[at] ?? [])].filter((vip) => !after[at]?.has(vip)));
  t.true(lost.length <= 8, `${lost.length} of 40 moved although their node stayed`);
  for (const vip of vips) t.true(holdersOf(vip, after) >= 1, vip);
});
