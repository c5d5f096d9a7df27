import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startRouter } from './frr-router.js';
import { Lab } from './lab.js';
import { testAsRoot } from './needs-root.js';
import { standardCluster } from './standard-cluster.js';

testAsRoot(
  'a router learns routes of both families from two gobgpd and drops those of a node that crashes',
  async (t) => {
    const { topology, nodes, router, vip } = standardCluster({ nodes: 2, backends: 0 });
    await using lab = await Lab.start(topology);
    const neighbors = nodes.map(({ ipv4 }) => ({ address: ipv4, remoteAs: 65001 }));
    const frr = await startRouter(lab.host('router'), {
      asn: 65000,
      routerId: router.ipv4,
      neighbors,
      holdSeconds: 9,
    });
    for (const node of nodes) {
      const configuration = join(lab.directory, `${node.name}-gobgpd.toml`);
      await writeFile(configuration, gobgpdConfiguration(node.ipv4, router.ipv4));
      const args = ['-f', configuration, '--pprof-disable', '--api-hosts', '127.0.0.1:50051'];
      await lab.host(node.name).spawn('gobgpd', args).waitForListening(50051);
    }
    for (const node of nodes) {
      await frr.waitForSession(node.ipv4, { timeoutMs: 30_000 });
      const announce = (...args: string[]) => lab.host(node.name).output('gobgp', ['global', 'rib', ...args]);
      await announce('add', `${vip.ipv4}/32`, 'nexthop', node.ipv4);
      await announce('-a', 'ipv6', 'add', `${vip.ipv6}/128`, 'nexthop', node.ipv6);
    }
    const ipv4 = await frr.waitForRoutes(`${vip.ipv4}/32`, 2);
    t.is(ipv4?.protocol, 'bgp');
    t.deepEqual(
      ipv4?.nextHops.map(({ address }) => address).sort(),
      nodes.map((node) => node.ipv4),
    );
    const ipv6 = await frr.waitForRoutes(`${vip.ipv6}/128`, 2);
    t.deepEqual(
      ipv6?.nextHops.map(({ address }) => address).sort(),
      nodes.map((node) => node.ipv6),
    );
    t.deepEqual(
      (await frr.bgpSummary()).map(({ address, family, state, prefixesReceived }) => [
        address,
        family,
        state,
        prefixesReceived,
      ]),
      (['ipv4', 'ipv6'] as const).flatMap((family) => nodes.map((node) => [node.ipv4, family, 'Established', 1])),
    );

    await lab.host('node2').crash();
    const left = await frr.waitForRoutes(`${vip.ipv4}/32`, 1, { timeoutMs: 60_000 });
    t.deepEqual(left?.nextHops, [{ address: '10.0.0.11', interface: 'lan' }]);
    await lab.host('node1').crash();
    t.is(await frr.waitForRoutes(`${vip.ipv4}/32`, 0, { timeoutMs: 60_000 }), undefined);
  },
);

testAsRoot('waiting for a route that does not come ends at the deadline and says what was awaited', async (t) => {
  const { topology } = standardCluster({ nodes: 1, backends: 0 });
  await using lab = await Lab.start(topology);
  const frr = await startRouter(lab.host('router'), { asn: 65000, routerId: '10.0.0.1' });
  await t.throwsAsync(frr.waitForRoutes('198.51.100.10/32', 3, { timeoutMs: 200 }), {
    code: 'LAB_DEADLINE_PASSED',
    message: 'waited 0.2 s for router to have 3 next hops to 198.51.100.10/32',
  });
});

function gobgpdConfiguration(routerId: string, neighbor: string): string {
  const family = (name: string) => `
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "${name}"
`;
  return `[global.config]
  as = 65001
  router-id = "${routerId}"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${neighbor}"
    peer-as = 65000
${family('ipv4-unicast')}${family('ipv6-unicast')}`;
}
