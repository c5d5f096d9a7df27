import { type WeirCluster, waitUntil } from '@weir/lab';
import test from 'ava';
import { ETCD_VIP, etcdOf, nodeOf, startEtcdCluster, whoAnswers } from './etcd-cluster.js';
import { testAsRoot } from './test-as-root.js';

const LEASE_MS = 10_000;
/** etcd looks for expired leases every half second. */
const EXPIRY_TIMEOUT_MS = 2 * LEASE_MS;

interface FoundRecord {
  readonly name: string;
  readonly instance: string;
  readonly state: string;
  readonly version: string;
  readonly addresses: readonly string[];
  readonly announces: readonly string[];
}

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() === 0)
    weir = await startEtcdCluster({
      nodes: 3,
      etcdOptions: { lease: `${LEASE_MS / 1000}s` },
      nodeOptions: { drain: '5s' },
    });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

const recordOf = async (name: string) => (await etcdOf(weir).get(`nodes/${name}`)) as FoundRecord | undefined;

/** Resolves with the record of a node as soon as it is as expected. */
function recordThat(
  name: string,
  what: string,
  isIt: (record: FoundRecord | undefined) => boolean,
  timeoutMs = 30_000,
) {
  return waitUntil(
    `${name} to ${what}`,
    async () => {
      const record = await recordOf(name);
      return isIt(record) ? { record } : undefined;
    },
    { timeoutMs },
  );
}

testAsRoot('every node has its record, with what it announces', async (t) => {
  const { vip } = weir.cluster;
  const prefixes = [`${vip.ipv4}/32`, `${vip.ipv6}/128`, `${ETCD_VIP}/32`].sort();
  for (const { name, ipv4, ipv6 } of weir.cluster.nodes) {
    const { record } = await recordThat(
      name,
      'be active',
      (found) => found?.state === 'active' && found.announces.length === prefixes.length,
    );
    t.like(record, { name, state: 'active', addresses: [ipv4, ipv6] });
    t.deepEqual([...(record?.announces ?? [])].sort(), prefixes);
    t.regex(record?.version ?? '', /^\d+\.\d+\.\d+/);
  }
});

testAsRoot('node-states drains a node without a failed request, and brings it back', async (t) => {
  const etcd = etcdOf(weir);
  const load = weir.load({ url: weir.url(ETCD_VIP), requestsPerSecond: 150 });
  await load.nextResult();
  await etcd.put('node-states/node3', { state: 'draining' });
  await weir.waitForRoutes(ETCD_VIP, 2);
  await weir.waitForRoutes(weir.cluster.vip.ipv6, 2);
  const { record } = await recordThat('node3', 'announce nothing', (found) => found?.announces.length === 0);
  t.is(record?.state, 'draining');
  t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2', 'backend3']]);
  t.is(nodeOf(weir, 'node3').process.end, undefined, 'it goes on running');
  await etcd.put('node-states/node3', { state: 'active' });
  await weir.waitForRoutes(ETCD_VIP, 3);
  await recordThat('node3', 'be active', (found) => found?.state === 'active' && found.announces.length === 3);
  t.like(await load.stop(), { failed: 0, errors: {} });
});

testAsRoot('a node that leaves is draining first, and its record goes with it at once', async (t) => {
  const node = nodeOf(weir, 'node3');
  const draining = recordThat('node3', 'be draining', (found) => found?.state === 'draining');
  const end = node.process.stop('SIGTERM', 60_000);
  await draining;
  t.deepEqual(await end, { code: 0, signal: null });
  t.is(await recordOf('node3'), undefined);
  await node.start();
  await recordThat('node3', 'be back', (found) => found?.state === 'active');
});

testAsRoot(
  'the record of a node that crashed goes when its lease expires, and comes with another instance',
  async (t) => {
    const node = nodeOf(weir, 'node3');
    const before = await recordOf('node3');
    await node.process.stop('SIGKILL');
    t.truthy(await recordOf('node3'), 'a crash takes nothing away');
    await recordThat('node3', 'be gone', (found) => found === undefined, EXPIRY_TIMEOUT_MS);
    await node.start();
    const { record } = await recordThat('node3', 'be back', (found) => found !== undefined);
    t.not(record?.instance, before?.instance);
  },
);

testAsRoot(
  'a lease that is taken from a node that lives is noticed: it withdraws nothing, and registers again',
  async (t) => {
    const [server] = etcdOf(weir).servers;
    const load = weir.load({ url: weir.url(ETCD_VIP), requestsPerSecond: 100 });
    await load.nextResult();
    const before = await recordOf('node2');
    for (const lease of ((await server?.etcdctl('lease', 'list')) ?? '').match(/^[0-9a-f]{8,}$/gm) ?? [])
      await server?.etcdctl('lease', 'revoke', lease);
    await nodeOf(weir, 'node2').process.waitForLine(/lease of nodes\/node2 had expired; registered again/);
    const { record } = await recordThat('node2', 'register again', (found) => found !== undefined);
    t.is(record?.instance, before?.instance);
    t.is(await weir.routesTo(ETCD_VIP), 3);
    t.like(await load.stop(), { failed: 0, errors: {} });
  },
);

testAsRoot('a node with the name of another says so and ends, and takes nothing from it', async (t) => {
  const node = nodeOf(weir, 'node3');
  const good = node.document;
  await node.process.stop();
  const before = await recordOf('node2');
  node.write({ ...good, node: { ...(good.node as object), name: 'node2' } });
  await t.throwsAsync(node.start(), { message: /exited with 69/ });
  t.regex(node.process.lines.join('\n'), /another node that is alive is registered as node2, with/);
  t.is((await recordOf('node2'))?.instance, before?.instance);
  t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2', 'backend3']]);
  node.write(good);
  await node.start();
  await recordThat('node3', 'be back', (found) => found?.state === 'active');
});
