import { standardCluster, waitUntil } from '@weir/lab';
import { SharingCluster, servicesOfMethod } from './sharing-cluster.js';
import { testAsRoot } from './test-as-root.js';
import { assertUnharmed, goOn } from './unharmed.js';

const FAILOVER_TIMEOUT_MS = 90_000;

const { vip } = standardCluster();

for (const redis of ['cluster', 'sentinel'] as const) {
  testAsRoot(`${redis}: a master is killed and its replica takes over: flows are shared as before`, async (t) => {
    await using sharing = await SharingCluster.start({
      redis,
      nodes: 2,
      backends: 2,
      holdSeconds: 3,
      services: servicesOfMethod('ipip'),
    });
    const before = await sharing.open({ address: vip.ipv4, count: 100 });
    await sharing.waitForShared(100);
    const { servers } = sharing.weir.redis ?? { servers: [] };
    // Masters come first, then their replicas.
    const replica = servers[servers.length / 2];
    await sharing.redis.kill();
    await waitUntil(
      'the replica to be the master',
      async () => (await replica?.command('ROLE'))?.startsWith('master') || undefined,
      { timeoutMs: FAILOVER_TIMEOUT_MS },
    );
    const after = await sharing.open({ address: vip.ipv6, count: 100 });
    await sharing.waitForShared(200);
    await sharing.weir.lab.host('node1').crash();
    const all = [before, after];
    await goOn(t, sharing, all);
    await assertUnharmed(t, sharing, { all, count: 200, event: 'a master, then a node was killed' });
  });
}
