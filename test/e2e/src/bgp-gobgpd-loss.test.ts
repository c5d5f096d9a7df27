import { setTimeout as wait } from 'node:timers/promises';
import { bgpPaths, WeirCluster, waitUntil } from '@weir/lab';
import test from 'ava';
import { gobgpdOf } from './gobgpd-of.js';
import { testAsRoot } from './test-as-root.js';

/** gobgpd calls a peer 5 to 10 s after it began. */
const SESSION_TIMEOUT_MS = 30_000;
/** Longer than a SYN that was lost takes to be sent again. */
const OBSERVED_MS = 1500;

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() === 0) weir = await WeirCluster.start({ nodes: 2, backends: 2 });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

testAsRoot('gobgpd is killed on all nodes at once: routes stay until it is back, and no request fails', async (t) => {
  const { ipv4 } = weir.cluster.vip;
  const prefix = `${ipv4}/32`;
  const load = weir.load({ url: weir.url(ipv4), requestsPerSecond: 150 });
  await load.nextResult();
  const killed = weir.nodes.map(gobgpdOf);
  // Nobody starts one again until the router has lost both.
  for (const node of weir.nodes) node.process.kill('SIGSTOP');
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  await waitUntil(
    'the router to keep what both have told',
    async () => {
      t.is(await weir.routesTo(ipv4), 2);
      return (await bgpPaths(weir.router, prefix)).every(({ stale }) => stale) || undefined;
    },
    { timeoutMs: SESSION_TIMEOUT_MS },
  );
  for (const node of weir.nodes) node.process.kill('SIGCONT');
  await waitUntil(
    'both nodes to announce anew',
    async () => {
      t.is(await weir.routesTo(ipv4), 2);
      return (await bgpPaths(weir.router, prefix)).every(({ stale }) => !stale) || undefined;
    },
    { timeoutMs: SESSION_TIMEOUT_MS },
  );
  for (const [at, node] of weir.nodes.entries()) t.not(gobgpdOf(node), killed[at]);
  await wait(OBSERVED_MS);
  const result = await load.stop();
  t.log(`${result.requests} requests, the slowest took ${result.slowestMs} ms`);
  t.like(result, { failed: 0 });
});
