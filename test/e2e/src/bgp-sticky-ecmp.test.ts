import { flowHops, ResilientRoutes, WeirCluster, waitUntil } from '@weir/lab';
import test, { type ExecutionContext } from 'ava';
import { testAsRoot } from './test-as-root.js';

const CLIENT_PORTS = Array.from({ length: 600 }, (_, index) => 20_000 + index);
const REQUESTS_PER_SECOND = 100;

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() === 0) weir = await WeirCluster.start({ nodes: 3, backends: 2 });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

/** The node of each flow of the client to a VIP, as the router's kernel chooses. */
function nodesOf(family: 'ipv4' | 'ipv6'): Promise<readonly string[]> {
  const { client, vip } = weir.cluster;
  const flows = { client: client[family], vip: vip[family], port: 80, clientPorts: CLIENT_PORTS };
  return flowHops(weir.router, flows);
}

/** Withdraws a VIP from each node in turn, under load, and counts the flows of nodes that stayed and moved all the same. */
async function movedWithoutNeed(t: ExecutionContext, family: 'ipv4' | 'ipv6'): Promise<readonly number[]> {
  const vip = weir.cluster.vip[family];
  const load = weir.load({ url: weir.url(vip), requestsPerSecond: REQUESTS_PER_SECOND });
  await load.nextResult();
  const counts: number[] = [];
  for (const node of weir.nodes) {
    const gone = node.host.address(family);
    const before = await nodesOf(family);
    await node.announce(vip, 'off');
    await weir.waitForRoutes(vip, weir.nodes.length - 1);
    const after = await waitUntil(`no flow to go to ${node.host.name}`, async () => {
      const nodes = await nodesOf(family);
      return nodes.includes(gone) ? undefined : nodes;
    });
    await node.announce(vip, 'auto');
    await weir.waitForRoutes(vip, weir.nodes.length);
    const others = before.flatMap((address, flow) => (address === gone ? [] : [flow]));
    t.true(others.length < CLIENT_PORTS.length, `${node.host.name} had flows`);
    const moved = others.filter((flow) => before[flow] !== after[flow]).length;
    t.log(`${vip} withdrawn from ${node.host.name}: ${moved} of ${others.length} flows of other nodes moved`);
    counts.push(moved);
  }
  t.like(await load.stop(), { failed: 0 });
  return counts;
}

testAsRoot('with plain ECMP flows of nodes that stay move too when a node is withdrawn', async (t) => {
  const moved = (await movedWithoutNeed(t, 'ipv4')).reduce((sum, count) => sum + count);
  t.true(moved > CLIENT_PORTS.length / 6, `${moved} flows moved in ${weir.nodes.length} withdrawals`);
});

for (const family of ['ipv4', 'ipv6'] as const) {
  testAsRoot(`with resilient groups only ${family} flows of the node that is withdrawn move`, async (t) => {
    const prefix = { ipv4: `${weir.cluster.vip.ipv4}/32`, ipv6: `${weir.cluster.vip.ipv6}/128` }[family];
    await using _routes = await ResilientRoutes.follow(weir.router, [prefix]);
    t.deepEqual(await movedWithoutNeed(t, family), [0, 0, 0]);
  });
}
