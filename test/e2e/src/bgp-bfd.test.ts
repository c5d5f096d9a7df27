import { bgpPaths, startBfd, WeirCluster, waitUntil } from '@weir/lab';
import test from 'ava';
import { gobgpdOf } from './gobgpd-of.js';
import { testAsRoot } from './test-as-root.js';

const PACE = { intervalMs: 1000, multiplier: 5 };
/** Without BFD a dead node keeps at least two thirds of it, longer than the test waits for its route to go. */
const HOLD_SECONDS = 60;

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() !== 0) return;
  weir = await WeirCluster.start({
    nodes: 2,
    backends: 1,
    holdSeconds: HOLD_SECONDS,
  });
  const { router, nodes } = weir.cluster;
  const atRouter = nodes.map(({ ipv4 }) => ({ address: ipv4, localAddress: router.ipv4 }));
  await startBfd(weir.lab.host('router'), atRouter, PACE);
  for (const { name, ipv4 } of nodes) {
    await startBfd(weir.lab.host(name), [{ address: router.ipv4, localAddress: ipv4 }], PACE);
    await weir.router.vtysh(`configure terminal\nrouter bgp 64500\nneighbor ${ipv4} bfd profile weir`);
  }
  await waitUntil('BFD to be up', async () => {
    const peers = JSON.parse(await weir.router.vtysh('show bfd peers json')) as { readonly status: string }[];
    return (peers.length === nodes.length && peers.every(({ status }) => status === 'up')) || undefined;
  });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

testAsRoot('a gobgpd that is killed is no reason for BFD to take its routes away', async (t) => {
  const { ipv4 } = weir.cluster.vip;
  const [node] = weir.nodes;
  if (node === undefined) throw new Error('the cluster has a node');
  const load = weir.load({ url: weir.url(ipv4), requestsPerSecond: 100 });
  await load.nextResult();
  // Nobody starts it again until this has been seen.
  node.process.kill('SIGSTOP');
  process.kill(gobgpdOf(node), 'SIGKILL');
  const staleOnes = async () => (await bgpPaths(weir.router, `${ipv4}/32`)).filter(({ stale }) => stale).length;
  await waitUntil('the route to be kept', async () => ((await staleOnes()) === 1 ? true : undefined));
  node.process.kill('SIGCONT');
  await waitUntil(
    'gobgpd to be back',
    async () => {
      t.is(await weir.routesTo(ipv4), 2);
      return (await staleOnes()) === 0 ? true : undefined;
    },
    { timeoutMs: 30_000 },
  );
  t.like(await load.stop(), { failed: 0 });
});

testAsRoot('with bfdd beside gobgpd a node that dies is left long before the hold time', async (t) => {
  const { ipv4 } = weir.cluster.vip;
  const began = performance.now();
  await weir.nodes[1]?.host.crash();
  await weir.waitForRoutes(ipv4, 1);
  t.log(`the route was gone ${Math.round(performance.now() - began)} ms after the crash`);
  t.pass();
});
