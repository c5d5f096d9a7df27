import { rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { WeirCluster } from '@weir/lab';
import test from 'ava';
import {
  ETCD_VIP,
  etcdOf,
  inForce,
  linesOfAll,
  nodeOf,
  putBackend,
  startEtcdCluster,
  whoAnswers,
} from './etcd-cluster.js';
import { testAsRoot } from './test-as-root.js';

/** Longer than a node's lease. */
const OUTAGE_MS = 12_000;
const LEASE = '5s';
/** Until a client that found nobody tries again, on a machine that does other things too. */
const RETURN_TIMEOUT_MS = 20_000;

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() === 0) weir = await startEtcdCluster({ etcdOptions: { lease: LEASE, timeout: '1s' } });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

const server = () => {
  const [only] = etcdOf(weir).servers;
  if (only === undefined) throw new Error('no etcd was started');
  return only;
};
const addressOf = (backend: number) => weir.cluster.backends[backend]?.ipv4 as string;

testAsRoot('an etcd that is killed for longer than leases last, and back, is noticed by no client', async (t) => {
  const etcd = etcdOf(weir);
  const load = weir.load({ url: weir.url(ETCD_VIP), requestsPerSecond: 100 });
  await load.nextResult();
  const lost = linesOfAll(weir, /what is in force stays/);
  await server().kill();
  await lost();
  await wait(OUTAGE_MS);
  t.is(await weir.routesTo(ETCD_VIP), 2, 'no node withdraws what works');
  const restarted = performance.now();
  await server().start();
  const seen = linesOfAll(weir, /"msg":"configuration in force"/, RETURN_TIMEOUT_MS);
  await etcd.delete('backends/shop/backend3');
  await seen();
  t.log(`caught up ${(performance.now() - restarted).toFixed(0)} ms after etcd was started again`);
  const result = await load.stop();
  t.like(result, { failed: 0, errors: {} });
  t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2']]);
  await inForce(weir, () => putBackend(etcd, 'backend3', { address: addressOf(2) }));
});

testAsRoot('a node that starts while etcd is gone serves from its snapshot, says so, and catches up', async (t) => {
  const etcd = etcdOf(weir);
  const node = nodeOf(weir, 'node1');
  await server().kill();
  await node.process.stop();
  await node.start();
  t.regex(node.process.lines.find((line) => line.includes('"msg":"ready"')) ?? '', /snapshot/);
  await weir.waitForRoutes(ETCD_VIP, 2);
  t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2', 'backend3']]);
  await server().start();
  const seen = linesOfAll(weir, /"msg":"configuration in force".*/, RETURN_TIMEOUT_MS);
  await etcd.delete('backends/shop/backend3');
  for (const line of await seen()) t.regex(line, /from etcd, revision \d+/);
  t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2']]);
  await inForce(weir, () => putBackend(etcd, 'backend3', { address: addressOf(2) }));
});

testAsRoot(
  'a node without etcd and without a snapshot serves what its file has, and the rest when etcd is back',
  async (t) => {
    const node = nodeOf(weir, 'node1');
    await node.process.stop();
    await server().kill();
    await rm((node.document.etcd as { readonly snapshotFile: string }).snapshotFile);
    await node.start();
    await weir.waitForRoutes(weir.cluster.vip.ipv4, 2);
    t.is(await weir.routesTo(ETCD_VIP), 1, 'of the other node, which knows it');
    t.deepEqual(await whoAnswers(weir, weir.cluster.vip.ipv4), [0, ['backend1', 'backend2', 'backend3']]);
    const answers = linesOfAll(weir, /etcd at \S+ answers/, RETURN_TIMEOUT_MS);
    await server().start();
    await answers();
    await weir.waitForRoutes(ETCD_VIP, 2);
    t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2', 'backend3']]);
  },
);

testAsRoot('an etcd that hangs with its connections open is noticed, and no request fails', async (t) => {
  const etcd = etcdOf(weir);
  const lost = linesOfAll(weir, /what is in force stays/, RETURN_TIMEOUT_MS);
  server().hang();
  await lost();
  t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2', 'backend3']]);
  const seen = linesOfAll(weir, /"msg":"configuration in force"/, RETURN_TIMEOUT_MS);
  server().goOn();
  await etcd.delete('backends/shop/backend3');
  await seen();
  t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2']]);
  await inForce(weir, () => putBackend(etcd, 'backend3', { address: addressOf(2) }));
});
