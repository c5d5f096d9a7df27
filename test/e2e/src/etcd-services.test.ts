import type { HttpResult, WeirCluster } from '@weir/lab';
import test, { type ExecutionContext } from 'ava';
import {
  ETCD_VIP,
  etcdOf,
  inForce,
  linesOfAll,
  putBackend,
  shop,
  startEtcdCluster,
  whoAnswers,
} from './etcd-cluster.js';
import { testAsRoot } from './test-as-root.js';

/** More than the test takes: it revokes the lease itself. */
const LEASE_SECONDS = 30;
const LATE_VIP = '198.51.100.21';

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() === 0) weir = await startEtcdCluster({ moreVips: () => [ETCD_VIP] });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

/** Load on the service of etcd while something happens; the answers that came after it are the second result. */
async function underLoad(
  t: ExecutionContext,
  happens: () => Promise<void>,
): Promise<readonly [HttpResult, HttpResult]> {
  const load = weir.load({ url: weir.url(ETCD_VIP), requestsPerSecond: 150 });
  await load.nextResult();
  await happens();
  const during = load.take();
  await load.nextResult();
  const [, after] = [await whoAnswers(weir), await load.stop()];
  t.log(
    `${during.requests + after.requests} requests, the slowest took ${Math.max(during.slowestMs, after.slowestMs)} ms`,
  );
  return [during, after];
}

testAsRoot('services of the file and of etcd are served together', async (t) => {
  const all = ['backend1', 'backend2', 'backend3'];
  t.deepEqual(await whoAnswers(weir), [0, all]);
  t.deepEqual(await whoAnswers(weir, weir.cluster.vip.ipv4), [0, all]);
  t.deepEqual(await whoAnswers(weir, weir.cluster.vip.ipv6), [0, all]);
});

testAsRoot('a service that is put into etcd is announced, and is withdrawn when it is deleted', async (t) => {
  const etcd = etcdOf(weir);
  const begun = performance.now();
  const [backend] = weir.cluster.backends;
  await etcd.put('services/late', { ...shop, vip: LATE_VIP, method: 'nat', backends: [{ address: backend?.ipv4 }] });
  await t.notThrowsAsync(weir.waitForRoutes(LATE_VIP, 2));
  t.log(`on the router after ${(performance.now() - begun).toFixed(0)} ms`);
  await etcd.delete('services/late');
  await t.notThrowsAsync(weir.waitForRoutes(LATE_VIP, 0));
});

testAsRoot(
  'a backend that is put into etcd serves, and is out when it is deleted, without a failed request',
  async (t) => {
    const etcd = etcdOf(weir);
    const [during, after] = await underLoad(t, () => inForce(weir, () => etcd.delete('backends/shop/backend3')));
    t.is(during.failed + after.failed, 0);
    t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2']]);
    const address = weir.cluster.backends[2]?.ipv4 as string;
    await inForce(weir, () => putBackend(etcd, 'backend3', { address }));
    t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2', 'backend3']]);
  },
);

testAsRoot('a backend whose lease is gone is out, without a failed request', async (t) => {
  const etcd = etcdOf(weir);
  const address = weir.cluster.backends[2]?.ipv4 as string;
  await inForce(weir, () => etcd.delete('backends/shop/backend3'));
  const lease = await etcd.grantLease(LEASE_SECONDS);
  const [during, after] = await underLoad(t, async () => {
    await inForce(weir, () => etcd.put('backends/shop/leased', { address }, { lease }));
    t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2', 'backend3']]);
    await inForce(weir, () => etcd.revokeLease(lease));
  });
  t.is(during.failed + after.failed, 0);
  t.true((during.backends.backend3 ?? 0) > 0, 'it served as long as its lease lasted');
  t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2']]);
  await inForce(weir, () => putBackend(etcd, 'backend3', { address }));
});

testAsRoot('a weight that is put into etcd counts', async (t) => {
  const etcd = etcdOf(weir);
  const address = weir.cluster.backends[0]?.ipv4 as string;
  await inForce(weir, () => putBackend(etcd, 'backend1', { address, weight: 0 }));
  t.deepEqual(await whoAnswers(weir), [0, ['backend2', 'backend3']]);
  await inForce(weir, () => putBackend(etcd, 'backend1', { address }));
});

testAsRoot('a bad backend is skipped and named by every node, and its service goes on', async (t) => {
  const etcd = etcdOf(weir);
  for (const [text, complaint] of [
    ['{"address":"10.0.0.300"}', /backends\/shop\/bad.*address.*10\.0\.0\.300/],
    ['{"address":', /backends\/shop\/bad.*JSON/],
    ['{"adress":"10.0.0.21"}', /backends\/shop\/bad.*adress/],
  ] as const) {
    const complaints = linesOfAll(weir, complaint);
    await etcd.putText('backends/shop/bad', text);
    for (const line of await complaints()) t.log(line);
  }
  t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2', 'backend3']]);
  await etcd.delete('backends/shop/bad');
});

testAsRoot('a service whose new value is bad keeps the one before', async (t) => {
  const etcd = etcdOf(weir);
  const complaints = linesOfAll(weir, /services\/shop.*port/);
  await etcd.put('services/shop', { ...shop, port: 70_000 });
  await complaints();
  t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2', 'backend3']]);
  await etcd.put('services/shop', shop);
});

testAsRoot('a service that the file has is not taken from etcd, and every node says so', async (t) => {
  const etcd = etcdOf(weir);
  const complaints = linesOfAll(weir, /services\/web\b/);
  await etcd.put('services/web', { ...shop, vip: LATE_VIP, backends: [] });
  await complaints();
  t.deepEqual(await whoAnswers(weir, weir.cluster.vip.ipv4), [0, ['backend1', 'backend2', 'backend3']]);
  await etcd.delete('services/web');
});

testAsRoot('changes after a compaction are seen', async (t) => {
  const etcd = etcdOf(weir);
  await etcd.compact();
  await inForce(weir, () => etcd.delete('backends/shop/backend3'));
  t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2']]);
  const address = weir.cluster.backends[2]?.ipv4 as string;
  await inForce(weir, () => putBackend(etcd, 'backend3', { address }));
});
