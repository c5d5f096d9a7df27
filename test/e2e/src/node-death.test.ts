import { setTimeout as wait } from 'node:timers/promises';
import { BULK_FILE_SHA256, WeirCluster } from '@weir/lab';
import { testAsRoot } from './test-as-root.js';

const REQUESTS_PER_SECOND = 150;

testAsRoot('a node dies: downloads that run go on, and after the hold time no request fails', async (t) => {
  await using weir = await WeirCluster.start({ nodes: 3, backends: 3, bulk: true, holdSeconds: 3 });
  const { ipv4 } = weir.cluster.vip;
  // Slow enough to be under way when the node dies, and spread over all nodes.
  const url = weir.url(ipv4, '/bulk/100M');
  const downloads = Promise.all(
    Array.from({ length: 6 }, () =>
      weir.lab
        .host('client')
        .output('bash', ['-c', `curl -s --limit-rate 12M '${url}' | sha256sum`], { timeoutMs: 90_000 }),
    ),
  );
  const load = weir.load({ url: weir.url(ipv4), requestsPerSecond: REQUESTS_PER_SECOND });
  await load.nextResult();
  const [, dying] = weir.nodes;
  await dying?.host.crash();
  await weir.waitForRoutes(ipv4, 2);
  t.regex(
    await weir.router.vtysh(`show bgp neighbors ${dying?.host.address('ipv4')}`),
    /Last reset .*\(Hold Timer Expired\)/,
  );
  // What was sent to the dead node ends within the timeout of a request; what is sent from now on is judged.
  await wait(5000);
  const during = load.take();
  t.log(
    `until the route was gone: ${during.requests} requests, ${during.failed} failed, the slowest took ${during.slowestMs} ms`,
  );
  await load.nextResults(REQUESTS_PER_SECOND);
  t.like(await load.stop(), { failed: 0, errors: {} });
  for (const sum of await downloads) t.is(sum.split(' ')[0], BULK_FILE_SHA256);
});
