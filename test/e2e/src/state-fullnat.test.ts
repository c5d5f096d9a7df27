import { standardCluster } from '@weir/lab';
import { SharingCluster, servicesOfMethod } from './sharing-cluster.js';
import { testAsRoot } from './test-as-root.js';
import { assertUnharmed, goOn } from './unharmed.js';

const cluster = standardCluster({ redis: true, routedPools: true, innerMtuBytes: 1700 });

testAsRoot(
  'fullnat: 1,200 connections keep their local addresses when nodes are killed, come back and are killed',
  async (t) => {
    await using sharing = await SharingCluster.start({
      cluster,
      decap: undefined,
      owners: true,
      holdSeconds: 3,
      services: servicesOfMethod('fullnat'),
    });
    const all = [
      await sharing.open({ address: cluster.vip.ipv4, count: 1000, intervalMs: 250 }),
      await sharing.open({ address: cluster.vip.ipv6, count: 200, intervalMs: 250 }),
    ];
    let count = 1200;
    // Each is found from both directions.
    await sharing.waitForShared(2 * count);
    const crash = async (name: string) => {
      await sharing.weir.lab.host(name).crash();
      await goOn(t, sharing, all);
      await assertUnharmed(t, sharing, { all, count, event: `${name} was killed` });
    };
    await crash('node1');
    await crash('node2');
    await sharing.comeBack('node1');
    // Their local addresses and ports must not be those of connections that node1 had in its former life.
    all.push(await sharing.open({ address: cluster.vip.ipv4, count: 200, intervalMs: 250 }));
    count += 200;
    await goOn(t, sharing, all);
    await assertUnharmed(t, sharing, { all, count, event: 'node1 came back' });
    await sharing.waitForShared(2 * count);
    await crash('node3');
  },
);
