import test from 'ava';
import { priorityOf } from './priority.js';

const nodes = ['node1', 'node2', 'node3'];
const vips = Array.from({ length: 120 }, (_, at) => `198.51.100.${at + 1}`);
const firstOf = (vip: string, names: readonly string[]) => names.find((node) => priorityOf(vip, node, names) === 250);

test('each node has a priority of its own for a VIP', (t) => {
  for (const vip of vips) t.deepEqual(nodes.map((node) => priorityOf(vip, node, nodes)).sort(), [230, 240, 250]);
});

test('VIPs are spread over the nodes', (t) => {
  for (const node of nodes) {
    const share = vips.filter((vip) => firstOf(vip, nodes) === node).length;
    t.true(share > 20 && share < 60, `${node} is first for ${share} of 120`);
  }
});

test('a node that goes moves its own VIPs alone', (t) => {
  const left = ['node1', 'node3'];
  const moved = vips.filter((vip) => firstOf(vip, left) !== firstOf(vip, nodes));
  t.true(moved.every((vip) => firstOf(vip, nodes) === 'node2'));
});

test('250 nodes have different priorities, all of which VRRP can say', (t) => {
  const many = Array.from({ length: 250 }, (_, at) => `node${at}`);
  const found = new Set(many.map((node) => priorityOf('198.51.100.10', node, many)));
  t.deepEqual([found.size, Math.min(...found), Math.max(...found)], [250, 1, 250]);
});
