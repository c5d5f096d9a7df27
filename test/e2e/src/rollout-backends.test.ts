import { CheckedConnections, type StandardCluster, waitUntil } from '@weir/lab';
import test from 'ava';
import { etcdOf } from './etcd-cluster.js';
import { type Family, families } from './forwarding-cases.js';
import { RolloutCluster } from './rollout-cluster.js';
import { testAsRoot } from './test-as-root.js';

/** Of each family, to the backends that leave. */
const LONG_CONNECTIONS = 50;
const OLD = ['backend1', 'backend2'];
const NEW = ['backend3', 'backend4'];

let lab: RolloutCluster;

test.before(async () => {
  if (process.getuid?.() !== 0) return;
  lab = await RolloutCluster.start({
    nodes: 2,
    backends: OLD.length + NEW.length,
    // Nodes remember each connection, so that a drain knows what it waits for.
    decap: undefined,
    services: () => [],
    moreVips: ({ vip }) => Object.values(vip),
    beforeNodes: async (etcd, cluster) => {
      for (const family of families) {
        await etcd.put(`services/${family}`, { vip: cluster.vip[family], port: 'all', method: 'fullnat' });
        for (const name of OLD) await etcd.put(`backends/${family}/${name}`, backendOf(cluster, family, name));
      }
    },
  });
});
test.after.always(async () => lab?.[Symbol.asyncDispose]());

function backendOf({ backends }: StandardCluster, family: Family, name: string) {
  const address = backends.find((backend) => backend.name === name)?.[family];
  if (address === undefined) throw new Error(`no backend is called ${name}`);
  return { address };
}

for (const family of families) {
  testAsRoot(`${family}: all backends of a service are replaced under load, and no connection is broken`, async (t) => {
    const { weir } = lab;
    const address = weir.cluster.vip[family];
    const client = weir.lab.host('client');
    await using before = await CheckedConnections.open(client, { address, count: LONG_CONNECTIONS, intervalMs: 500 });
    t.deepEqual(Object.keys(before.backends).sort(), OLD);
    const load = weir.load({ url: weir.url(address), requestsPerSecond: 40 });
    await load.nextResult();
    const backends = Object.fromEntries(NEW.map((name) => [name, backendOf(weir.cluster, family, name)]));
    await lab.put(family, { kind: 'replace-backends', service: family, backends, maxAtOnce: 2 });
    // They end when they like, as clients do; the rollout waits.
    await lab.statusThat(family, 'wait for connections to end', ({ steps }) =>
      steps.every(({ change, stage }) => stage === (change === 'remove-backend' ? 'draining' : 'done')),
    );
    await waitUntil('new connections to go to new backends alone', async () => {
      return (await answering(family)).join() === NEW.join() || undefined;
    });
    await before.roundTrip();
    t.deepEqual([before.lost, (await before.report()).alive], [[], LONG_CONNECTIONS]);
    await using after = await CheckedConnections.open(client, { address, count: LONG_CONNECTIONS, intervalMs: 500 });
    await before.close();
    const { state, reason } = await lab.statusThat(family, 'end', (status) => status.state !== 'running', 60_000);
    t.deepEqual([state, reason], ['done', undefined]);
    for (const name of OLD) t.is(await etcdOf(weir).get(`backends/${family}/${name}`), undefined);
    await after.roundTrip();
    const result = await load.stop();
    t.log(
      `${family}: ${LONG_CONNECTIONS} long connections ended by themselves, ${LONG_CONNECTIONS} new long ones, ` +
        `${after.lost.length} broken; ${result.requests} new ones, ${result.failed} refused or failed`,
    );
    t.deepEqual([after.lost, result.errors], [[], {}]);
    t.deepEqual(await answering(family), NEW);
  });
}

/** Which backends answer new connections. */
async function answering(family: Family): Promise<string[]> {
  const { weir } = lab;
  const url = weir.url(weir.cluster.vip[family]);
  const { backends } = await weir.request({ url, requestsPerSecond: 100, requests: 40 });
  return Object.keys(backends).sort();
}
