import test from 'ava';
import { Chance } from '../chance.js';
import { ModuloRouter, ResilientRouter, type Router } from './router.js';

const chance = new Chance(1);
const hashes = Array.from({ length: 20_000 }, () => chance.bits());
const ten = Array.from({ length: 10 }, (_, node) => node);

function nodesOf(router: Router): number[] {
  return hashes.map((hash) => router.nodeOf(hash));
}

function movedShare(before: readonly number[], after: readonly number[]): number {
  return before.filter((node, i) => node !== after[i]).length / before.length;
}

test('resilient routers move only the flows of the node that is gone', (t) => {
  const router = new ResilientRouter();
  router.apply(ten, 7);
  const before = nodesOf(router);
  router.apply(
    ten.filter((node) => node !== 3),
    7,
  );
  const after = nodesOf(router);
  for (const [i, node] of before.entries()) {
    if (node === 3) t.not(after[i], 3);
    else if (after[i] !== node) t.fail(`hash ${hashes[i]} moved from ${node} to ${after[i]}`);
  }
});

test('resilient routers give a node that joins its share, and move no other flow', (t) => {
  const router = new ResilientRouter();
  router.apply(ten, 7);
  const before = nodesOf(router);
  router.apply([...ten, 10], 7);
  const after = nodesOf(router);
  t.true(before.every((node, i) => after[i] === node || after[i] === 10));
  const share = movedShare(before, after);
  t.true(share > 0.07 && share < 0.11, `${share}`);
});

test('resilient routers still use every node evenly after many came and went', (t) => {
  const router = new ResilientRouter();
  const nodes = new Set(ten);
  router.apply(ten, 7);
  for (let next = 10; next < 60; next++) {
    nodes.add(next);
    if (next % 3 !== 0) nodes.delete(next - 8);
    router.apply([...nodes], 7);
  }
  const counts = new Map([...nodes].map((node) => [node, 0]));
  for (const node of nodesOf(router)) counts.set(node, (counts.get(node) ?? Number.NaN) + 1);
  const fair = hashes.length / nodes.size;
  for (const [node, count] of counts)
    t.true(count > 0.6 * fair && count < 1.5 * fair, `node ${node}: ${count} of ${fair}`);
});

test('modulo routers move nearly all flows when one of ten nodes goes, and back where they were when it returns', (t) => {
  const router = new ModuloRouter();
  router.apply(ten, 7);
  const before = nodesOf(router);
  router.apply(ten.slice(1), 7);
  t.true(movedShare(before, nodesOf(router)) > 0.85);
  router.apply(ten, 7);
  t.deepEqual(nodesOf(router), before);
});

for (const router of [new ModuloRouter(), new ResilientRouter()]) {
  test(`${router.constructor.name}: another seed is another choice for nine flows of ten`, (t) => {
    router.apply(ten, 7);
    const before = nodesOf(router);
    router.apply(ten, 8);
    const share = movedShare(before, nodesOf(router));
    t.true(share > 0.87 && share < 0.93, `${share}`);
  });
}
