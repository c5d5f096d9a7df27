import { NodeSupervisor, type WeirCluster, waitUntil } from '@weir/lab';
import test from 'ava';
import { ETCD_VIP, etcdOf, nodeOf, startEtcdCluster, whoAnswers } from './etcd-cluster.js';
import { testAsRoot } from './test-as-root.js';

interface FoundRecord {
  readonly instance: string;
  readonly state: string;
  readonly announces: readonly string[];
  readonly condition?: {
    readonly sessions: { readonly up: number; readonly configured: number };
    readonly tables: string;
    readonly replication: string;
    readonly connections: number;
    readonly packets: number;
    readonly errors: number;
    readonly backends: { readonly usable: number; readonly all: number };
    readonly rolloutStep?: string;
  };
}

/** A daemon that starts again takes long on a machine that does other things too. */
const RECORD_TIMEOUT_MS = 60_000;

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() === 0) weir = await startEtcdCluster();
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

/** Resolves with the record of a node as soon as it is as expected. */
function recordThat(name: string, what: string, isIt: (record: FoundRecord) => boolean): Promise<FoundRecord> {
  return waitUntil(
    `${name} to ${what}`,
    async () => {
      const record = (await etcdOf(weir).get(`nodes/${name}`)) as FoundRecord | undefined;
      return record !== undefined && isIt(record) ? record : undefined;
    },
    { timeoutMs: RECORD_TIMEOUT_MS },
  );
}

const conditionThat = async (name: string, isIt: (condition: NonNullable<FoundRecord['condition']>) => boolean) => {
  const found = await recordThat(
    name,
    'be in that condition',
    ({ condition }) => condition !== undefined && isIt(condition),
  );
  return found.condition as NonNullable<FoundRecord['condition']>;
};

testAsRoot('nodes tell their condition, and have the same tables', async (t) => {
  const conditions = await Promise.all(
    ['node1', 'node2'].map((name) =>
      conditionThat(name, ({ sessions, backends }) => sessions.up === 1 && backends.usable === 9),
    ),
  );
  const [first, second] = conditions;
  t.like(first, { sessions: { up: 1, configured: 1 }, replication: 'none', backends: { usable: 9, all: 9 } });
  t.is(first?.tables, second?.tables);
});

testAsRoot('a node with other tables than the others says so', async (t) => {
  const { tables } = await conditionThat('node1', ({ sessions }) => sessions.up === 1);
  const node = nodeOf(weir, 'node2');
  const services = node.document.services.slice(0, 1);
  const good = node.document;
  node.write({ ...good, services });
  t.not((await conditionThat('node2', (condition) => condition.tables !== tables)).backends.all, 9);
  node.write(good);
  await conditionThat('node2', (condition) => condition.tables === tables);
});

testAsRoot(
  'a node that is drained and told to restart forwards all along, and comes back as another instance',
  async (t) => {
    const etcd = etcdOf(weir);
    using supervisor = new NodeSupervisor(weir.nodes);
    const load = weir.load({ url: weir.url(ETCD_VIP), requestsPerSecond: 150 });
    await load.nextResult();
    await using routes = weir.lab.host('router').spawn('ip', ['monitor', 'route'], { name: 'routes' });
    await etcd.put('node-states/node2', { state: 'draining', step: 'test/1' });
    const { instance } = await recordThat(
      'node2',
      'be drained',
      ({ announces, condition }) => announces.length === 0 && condition?.rolloutStep === 'test/1',
    );
    await weir.waitForRoutes(ETCD_VIP, 1);
    const node = nodeOf(weir, 'node2');
    const { process } = node;
    // Another life is not meant.
    const seen = process.waitForLine(/"msg":"configuration in force"/, { after: process.lines.length });
    await etcd.put('node-states/node2', { state: 'draining', step: 'test/1', restart: 'former' });
    await seen;
    t.is(process.end, undefined);
    await etcd.put('node-states/node2', { state: 'draining', step: 'test/1', restart: instance });
    t.deepEqual(await process.exited, { code: 75, signal: null });
    const next = await recordThat('node2', 'be another instance', (record) => record.instance !== instance);
    t.deepEqual([next.state, next.announces], ['draining', []]);
    t.deepEqual(supervisor.restarts, { node2: 1 });
    await etcd.delete('node-states/node2');
    for (const vip of [ETCD_VIP, weir.cluster.vip.ipv6]) await weir.waitForRoutes(vip, 2);
    await routes.waitForLine(new RegExp(`^${weir.cluster.vip.ipv6} `));
    t.deepEqual(
      routes.lines.filter((line) => line.startsWith('Deleted')),
      [],
      'a route is replaced, and never away',
    );
    t.is(node.process.lines.filter((line) => line.includes('took over the gobgpd that was running')).length, 1);
    t.like(await load.stop(), { failed: 0, errors: {} });
    t.deepEqual(await whoAnswers(weir), [0, ['backend1', 'backend2', 'backend3']]);
  },
);
