import test, { type ExecutionContext } from 'ava';
import { etcdOf, nodeOf } from './etcd-cluster.js';
import { RolloutCluster, type RolloutTraffic } from './rollout-cluster.js';
import { testAsRoot } from './test-as-root.js';

const LONG_CONNECTIONS = 500;
/** Daemons that start take long on a machine that does other things too. */
const TEST_TIMEOUT_MS = 300_000;
const SPARES = ['node4', 'node5', 'node6'];

let lab: RolloutCluster;
let traffic: RolloutTraffic;

test.before(async () => {
  if (process.getuid?.() !== 0) return;
  lab = await RolloutCluster.start({ nodes: 6, spareNodes: SPARES.length, backends: 3 });
  traffic = await lab.traffic(LONG_CONNECTIONS);
});
test.after.always(async () => lab?.[Symbol.asyncDispose]());

const waitForRoutes = async (count: number) => {
  for (const vip of Object.values(lab.weir.cluster.vip)) await lab.weir.waitForRoutes(vip, count);
};

/** That a rollout ends well, and how long it took. */
async function assertRolledOut(
  t: ExecutionContext,
  name: string,
  rollout: Readonly<Record<string, unknown>> & { readonly nodes: readonly string[] },
): Promise<void> {
  const begun = performance.now();
  const { state, reason } = await lab.rolledOut(name, rollout, rollout.nodes.length);
  t.deepEqual([state, reason], ['done', undefined]);
  t.log(`${name} took ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}

testAsRoot('a rolling scale-out from 3 to 6 nodes and back under load breaks and refuses no connection', async (t) => {
  t.timeout(TEST_TIMEOUT_MS);
  await Promise.all(SPARES.map((name) => lab.startSpare(name)));
  await waitForRoutes(3);
  await assertRolledOut(t, 'grow', { kind: 'add-nodes', nodes: SPARES });
  await waitForRoutes(6);
  await traffic.assertUnharmed(t, '3 to 6 nodes');
  await assertRolledOut(t, 'shrink', { kind: 'drain-nodes', nodes: SPARES });
  await waitForRoutes(3);
  for (const name of SPARES)
    t.deepEqual(await nodeOf(lab.weir, name).process.stop('SIGTERM', 20_000), { code: 0, signal: null });
  await traffic.assertUnharmed(t, '6 to 3 nodes');
});

testAsRoot('a rolling restart of all nodes under load breaks and refuses no connection', async (t) => {
  t.timeout(TEST_TIMEOUT_MS);
  const nodes = ['node1', 'node2', 'node3'];
  const instances = await Promise.all(nodes.map(instanceOf));
  await assertRolledOut(t, 'restart', { kind: 'restart-nodes', nodes });
  await waitForRoutes(3);
  t.deepEqual(lab.supervisor.restarts, { node1: 1, node2: 1, node3: 1 });
  for (const [at, name] of nodes.entries()) t.not(await instanceOf(name), instances[at]);
  await traffic.assertUnharmed(t, 'restart of 3 nodes');
});

async function instanceOf(name: string): Promise<string | undefined> {
  const record = (await etcdOf(lab.weir).get(`nodes/${name}`)) as { readonly instance: string } | undefined;
  return record?.instance;
}
