import {
  bgpPaths,
  type FrrRouter,
  Lab,
  type StandardCluster,
  standardCluster,
  startRouter,
  WeirNode,
  waitUntil,
  weirDocument,
} from '@weir/lab';
import { gobgpdOf } from './gobgpd-of.js';
import { testAsRoot } from './test-as-root.js';

const ROUTER_ASN = 64500;
const NODE_ASN = 64512;
/** gobgpd calls a peer 5 to 10 s after it began. */
const SESSION_TIMEOUT_MS = 30_000;

testAsRoot('FRR sees next hop, communities, MED and AS path of a route of either family', async (t) => {
  await using lab = await Lab.start(topology.topology);
  const announce = { communities: ['64512:100', 'no-export'], med: 10, prepend: 2 };
  const { router, prefixes } = await startNode(lab, { announce });
  for (const [prefix, nextHop] of [
    [prefixes[0], topology.nodes[0]?.ipv4],
    [prefixes[1], topology.nodes[0]?.ipv6],
  ] as const) {
    const [path, ...others] = await bgpPaths(router, prefix);
    t.deepEqual(others, []);
    t.like(path, { asPath: '64512 64512 64512', med: 10, communities: ['64512:100', 'no-export'] });
    t.deepEqual(path?.nextHops, nextHop === undefined ? [] : [nextHop]);
  }
});

testAsRoot(
  'with graceful restart the router forwards by the routes of a gobgpd that was killed until it is back',
  async (t) => {
    await using lab = await Lab.start(topology.topology);
    const { node, router, prefixes } = await startNode(lab, { gracefulRestart: '60s' });
    const pid = gobgpdOf(node);
    // Nobody starts it again until the router has lost it.
    node.process.kill('SIGSTOP');
    process.kill(pid, 'SIGKILL');
    // Stale until the new gobgpd has told all it has (RFC 4724, section 4.2).
    for (const isStale of [true, false]) {
      for (const prefix of prefixes) {
        await waitUntil(
          isStale ? `${prefix} to be kept` : `${prefix} to be announced anew`,
          async () => {
            for (const each of prefixes) t.true(await isForwarded(router, each), `${each} is in the kernel`);
            const [path] = await bgpPaths(router, prefix);
            return path?.stale === isStale || undefined;
          },
          { timeoutMs: SESSION_TIMEOUT_MS },
        );
      }
      if (isStale) node.process.kill('SIGCONT');
    }
    t.not(gobgpdOf(node), pid);
  },
);

testAsRoot('without graceful restart the routes of a gobgpd that was killed go, and come back with it', async (t) => {
  await using lab = await Lab.start(topology.topology);
  const { node, router, prefixes } = await startNode(lab, { gracefulRestart: 'off' });
  const pid = gobgpdOf(node);
  node.process.kill('SIGSTOP');
  process.kill(pid, 'SIGKILL');
  for (const count of [0, 1]) {
    for (const prefix of prefixes) await router.waitForRoutes(prefix, count, { timeoutMs: SESSION_TIMEOUT_MS });
    node.process.kill('SIGCONT');
  }
  t.not(gobgpdOf(node), pid);
});

const topology: StandardCluster = standardCluster({ nodes: 1, backends: 1, name: 'bgp-frr' });

/** A router and a node that announces a VIP of each family, with these settings of its `bgp` section. */
async function startNode(
  lab: Lab,
  bgp: object,
): Promise<{ node: WeirNode; router: FrrRouter; prefixes: readonly [string, string] }> {
  const { nodes, router, vip, backends } = topology;
  const [host] = nodes;
  const [backend] = backends;
  if (host === undefined || backend === undefined) throw new Error('expected a node and a backend');
  const frr = await startRouter(lab.host('router'), {
    asn: ROUTER_ASN,
    routerId: router.ipv4,
    neighbors: [{ address: host.ipv4, remoteAs: NODE_ASN }],
    gracefulRestart: true,
  });
  const services = [vip.ipv4, vip.ipv6].map((address, index) => ({
    name: `web${index}`,
    vip: address,
    port: 80,
    backends: [{ address: backend.ipv4 }],
  }));
  const document = weirDocument(lab, {
    host,
    router,
    interfaces: topology.nodeInterfaces,
    services,
    asn: NODE_ASN,
    routerAsn: ROUTER_ASN,
  });
  const node = new WeirNode(lab, host.name, { ...document, bgp: { ...(document.bgp as object), ...bgp } });
  await node.start();
  const prefixes = [`${vip.ipv4}/32`, `${vip.ipv6}/128`] as const;
  for (const prefix of prefixes) await frr.waitForRoutes(prefix, 1, { timeoutMs: SESSION_TIMEOUT_MS });
  return { node, router: frr, prefixes };
}

/** Does the kernel of the router forward by a route to exactly this prefix? */
async function isForwarded(router: FrrRouter, prefix: string): Promise<boolean> {
  const family = prefix.includes(':') ? '-6' : '-4';
  return (await router.host.output('ip', [family, 'route', 'show', 'exact', prefix])).trim() !== '';
}
