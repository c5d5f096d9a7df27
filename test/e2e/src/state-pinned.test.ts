import { standardCluster, waitUntil } from '@weir/lab';
import { backendsOf } from './forwarding-cases.js';
import { SharingCluster } from './sharing-cluster.js';
import { testAsRoot } from './test-as-root.js';
import { assertUnharmed, goOn } from './unharmed.js';

const { vip } = standardCluster();

testAsRoot(
  'mh: connections that a new backend took the rows of stay where they are when their node is killed',
  async (t) => {
    const servicesFor = (backends: number) => (cluster: ReturnType<typeof standardCluster>) =>
      (['ipv4', 'ipv6'] as const).map((family) => ({
        name: family,
        vip: vip[family],
        port: 'all',
        method: 'ipip',
        scheduler: 'mh',
        pinning: { learn: '5s', hold: '300s' },
        backends: backendsOf(cluster.backends, family).slice(0, backends),
      }));
    await using sharing = await SharingCluster.start({
      nodes: 2,
      backends: 3,
      services: servicesFor(2),
      holdSeconds: 3,
    });
    const { weir } = sharing;
    const all = [
      await sharing.open({ address: vip.ipv4, count: 500 }),
      await sharing.open({ address: vip.ipv6, count: 500 }),
    ];
    await weir.configure(servicesFor(3)(weir.cluster));
    // Rows move when they have learned; about a third of the connections is pinned then.
    await using _fresh = await waitUntil('new connections to go to the new backend', async () => {
      const fresh = await sharing.open({ address: vip.ipv4, count: 30 });
      if ('backend3' in fresh.backends) return fresh;
      await fresh.close();
      return undefined;
    });
    // None of them may be too young to be shared when the node is killed.
    const former = servicesFor(2)(weir.cluster).flatMap(({ backends }) => backends.map(({ address }) => address));
    const pinned = [await sharing.connectionsOf('node1', former), await sharing.connectionsOf('node2', former)];
    t.log(`${pinned} of 1,000 connections are pinned by the two nodes`);
    t.true(pinned.every((count) => count > 0));
    await sharing.waitForShared(pinned.reduce((sum, count) => sum + count, 0));
    await weir.lab.host('node1').crash();
    await goOn(t, sharing, all);
    await assertUnharmed(t, sharing, { all, count: 1000, event: 'node1 was killed' });
  },
);
