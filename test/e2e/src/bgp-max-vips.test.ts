import { bgpPaths, type StandardCluster, WeirCluster, waitUntil } from '@weir/lab';
import test from 'ava';
import { testAsRoot } from './test-as-root.js';

const VIPS = ['198.51.100.21', '198.51.100.22', '198.51.100.23', '198.51.100.24', '198.51.100.25'];

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() === 0) weir = await WeirCluster.start({ nodes: 3, backends: 1, owners: true, services });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

function services({ backends }: StandardCluster) {
  return VIPS.map((vip, index) => ({
    name: `web${index}`,
    vip,
    port: 80,
    method: 'ipip',
    backends: backends.map(({ ipv4 }) => ({ address: ipv4 })),
  }));
}

testAsRoot('with two VIPs a node at most, three nodes have all five between them, and each serves', async (t) => {
  await Promise.all(
    weir.nodes.map(async (node) => {
      const inForce = node.process.waitForLine(/"msg":"configuration in force"/);
      node.write({ ...node.document, bgp: { ...(node.document.bgp as object), maxVips: 2 } });
      await inForce;
    }),
  );
  const counts = await waitUntil('the nodes to have room for no more', async () => {
    const paths = await Promise.all(VIPS.map((vip) => bgpPaths(weir.router, `${vip}/32`)));
    const found = paths.map(({ length }) => length);
    return found.reduce((sum, count) => sum + count) === 2 * weir.nodes.length ? found : undefined;
  });
  for (const [at, vip] of VIPS.entries()) {
    t.true((counts[at] ?? 0) >= 1, `${vip} has a node`);
    t.like(await weir.request({ url: weir.url(vip), requestsPerSecond: 50, requests: 10 }), { failed: 0 });
  }
  const lines = weir.nodes.flatMap((node) => node.process.lines.filter((line) => line.includes('bgp.maxVips is 2')));
  t.is(lines.length, 3);
});
