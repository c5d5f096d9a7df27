import { type BackendPage, startRealServer, twoArmCluster, WeirCluster } from '@weir/lab';
import { backendsOf, families } from './forwarding-cases.js';
import { testAsRoot } from './test-as-root.js';

testAsRoot(
  'a server behind fullnat sees its clients, as the node tells them by TOA and the agent believes it',
  async (t) => {
    const cluster = twoArmCluster({ nodes: 1, backends: 1 });
    await using weir = await WeirCluster.start({
      cluster,
      decap: undefined,
      services: ({ vip, backends }) =>
        families.flatMap((family) =>
          [true, false].map((toa) => ({
            name: `${family}, ${toa ? 'told' : 'not told'}`,
            vip: vip[family],
            port: toa ? 80 : 8080,
            method: 'fullnat',
            toa,
            backends: backendsOf(backends, family).map((backend) => ({ ...backend, port: 80 })),
          })),
        ),
    });
    const seenBy = async (port: number) => {
      const pages = families.map(async (family) => {
        const url = `${weir.url(cluster.vip[family], '')}:${port}/`;
        const page = await weir.lab.host('client').output('curl', ['-sSg', '-m', '5', url]);
        return (JSON.parse(page) as BackendPage).remoteAddress;
      });
      return await Promise.all(pages);
    };
    const localAddresses = cluster.nodes[0]?.localAddresses;
    t.deepEqual(await seenBy(80), localAddresses, 'without an agent');
    const toa = ['--toa', '--toa-from', '10.1.0.0/24', '--toa-from', 'fd00:11::/64'];
    await startRealServer(weir.lab, 'backend1', { interface: cluster.interface, vips: [], decap: 'none', flags: toa });
    t.deepEqual(await seenBy(80), [cluster.client.ipv4, cluster.client.ipv6]);
    t.deepEqual(await seenBy(8080), localAddresses, 'of a service that does not tell');
  },
);
