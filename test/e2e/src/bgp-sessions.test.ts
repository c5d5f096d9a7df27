import {
  bgpPaths,
  type ClusterNode,
  type FrrRouter,
  Lab,
  type RouterOptions,
  type StandardCluster,
  standardCluster,
  startRouter,
  WeirNode,
  waitUntil,
  weirDocument,
} from '@weir/lab';
import { testAsRoot } from './test-as-root.js';

const ROUTER_ASN = 64500;
const NODE_ASN = 64512;
/** gobgpd calls a peer 5 to 10 s after it began. */
const SESSION_TIMEOUT_MS = 30_000;

const topology: StandardCluster = standardCluster({ nodes: 1, backends: 2, name: 'bgp-sessions' });
const [host] = topology.nodes;
const [backend, secondRouter] = topology.backends;
if (host === undefined || backend === undefined || secondRouter === undefined) throw new Error('expected hosts');
const prefixes = [`${topology.vip.ipv4}/32`, `${topology.vip.ipv6}/128`] as const;

function startFrr(lab: Lab, name: string, options: Omit<RouterOptions, 'routerId'>): Promise<FrrRouter> {
  return startRouter(lab.host(name), { routerId: lab.host(name).address('ipv4'), ...options });
}

/** A node that announces a VIP of each family, with these settings of its `bgp` section. */
async function startNode(lab: Lab, bgp: Readonly<Record<string, unknown>>): Promise<WeirNode> {
  const services = [topology.vip.ipv4, topology.vip.ipv6].map((vip, index) => ({
    name: `web${index}`,
    vip,
    port: 80,
    backends: [{ address: backend?.ipv4 }],
  }));
  const { router, nodeInterfaces: interfaces } = topology;
  const common = { router, interfaces, services, asn: NODE_ASN, routerAsn: ROUTER_ASN };
  const node = new WeirNode(lab, 'node1', weirDocument(lab, { host: host as ClusterNode, ...common, bgp }));
  await node.start();
  return node;
}

async function waitForRoutes(router: FrrRouter): Promise<void> {
  for (const prefix of prefixes) await router.waitForRoutes(prefix, 1, { timeoutMs: SESSION_TIMEOUT_MS });
}

testAsRoot('over an IPv6 session with a password a router gets the routes of both families', async (t) => {
  await using lab = await Lab.start(topology.topology);
  const router = await startFrr(lab, 'router', {
    asn: ROUTER_ASN,
    neighbors: [{ address: host.ipv6, remoteAs: NODE_ASN, password: 'secret' }],
  });
  const peer = { address: topology.router.ipv6, asn: ROUTER_ASN, password: 'secret' };
  await startNode(lab, { peers: [peer] });
  await waitForRoutes(router);
  for (const [prefix, nextHop] of [
    [prefixes[0], host.ipv4],
    [prefixes[1], host.ipv6],
  ] as const) {
    t.like(await bgpPaths(router, prefix), [{ peer: host.ipv6, asPath: String(NODE_ASN), nextHops: [nextHop] }]);
  }
});

testAsRoot('a router that asks for a TTL of 255 (RFC 5082) gets it from a peer with multihop 255', async (t) => {
  await using lab = await Lab.start(topology.topology);
  const router = await startFrr(lab, 'router', {
    asn: ROUTER_ASN,
    neighbors: [{ address: host.ipv4, remoteAs: NODE_ASN }],
    extraLines: [`neighbor ${host.ipv4} ttl-security hops 1`],
  });
  await startNode(lab, { peers: [{ address: topology.router.ipv4, asn: ROUTER_ASN, multihop: 255 }] });
  await waitForRoutes(router);
  t.is((await bgpPaths(router, prefixes[0])).length, 1);
});

testAsRoot('every router of several gets the routes, and keeps them when another goes', async (t) => {
  await using lab = await Lab.start(topology.topology);
  const neighbors = [{ address: host.ipv4, remoteAs: NODE_ASN }];
  const first = await startFrr(lab, 'router', { asn: ROUTER_ASN, neighbors });
  const second = await startFrr(lab, secondRouter.name, { asn: ROUTER_ASN + 1, neighbors });
  const node = await startNode(lab, {
    peers: [
      { address: topology.router.ipv4, asn: ROUTER_ASN },
      { address: secondRouter.ipv4, asn: ROUTER_ASN + 1 },
    ],
  });
  await waitForRoutes(first);
  await waitForRoutes(second);
  const isDown = node.process.waitForLine(new RegExp(`BGP session with ${secondRouter.ipv4} is down`));
  await second.stop();
  t.regex(await isDown, /"before":"established","state":"(idle|active)","reason":"/);
  for (const prefix of prefixes) t.is((await bgpPaths(first, prefix)).length, 1);
});

testAsRoot('within one AS the preference goes with the routes, and is the least while the node drains', async (t) => {
  await using lab = await Lab.start(topology.topology);
  const router = await startFrr(lab, 'router', {
    asn: NODE_ASN,
    neighbors: [{ address: host.ipv4, remoteAs: NODE_ASN }],
  });
  const node = await startNode(lab, {
    peers: [{ address: topology.router.ipv4, asn: NODE_ASN }],
    announce: { localPreference: 250, med: 7 },
    gracefulShutdown: '10s',
  });
  await waitForRoutes(router);
  t.like(await bgpPaths(router, prefixes[0]), [{ asPath: '', localPreference: 250, med: 7, communities: [] }]);
  node.write({ ...node.document, node: { ...(node.document.node as object), state: 'draining' } });
  const [marked] = await waitUntil('the route to be marked', async () => {
    const paths = await bgpPaths(router, prefixes[0]);
    return paths[0]?.communities.length === 1 ? paths : undefined;
  });
  t.like(marked, { localPreference: 0, med: 7, communities: ['graceful-shutdown'] });
});

for (const [title, ofRouter, ofNode, reason] of [
  [
    'another password than the router has',
    'right',
    'wrong',
    'the kernel drops TCP segments with a wrong MD5 signature; the router has another password',
  ],
  [
    'no password, where the router has one,',
    'right',
    undefined,
    'the kernel drops TCP segments with an MD5 signature, and this peer has no password here; the router has one',
  ],
] as const) {
  testAsRoot(`a node with ${title} says so`, async (t) => {
    await using lab = await Lab.start(topology.topology);
    await startFrr(lab, 'router', {
      asn: ROUTER_ASN,
      neighbors: [{ address: host.ipv4, remoteAs: NODE_ASN, password: ofRouter }],
    });
    const peer = { address: topology.router.ipv4, asn: ROUTER_ASN, ...(ofNode && { password: ofNode }) };
    const node = await startNode(lab, { peers: [peer] });
    const line = await node.process.waitForLine(/BGP session with 10\.0\.0\.1 is not up/, { timeoutMs: 40_000 });
    t.is((JSON.parse(line) as { reason: string }).reason, reason);
  });
}

testAsRoot('a node that its router knows by another AS number says what to look for', async (t) => {
  await using lab = await Lab.start(topology.topology);
  await startFrr(lab, 'router', { asn: ROUTER_ASN, neighbors: [{ address: host.ipv4, remoteAs: NODE_ASN + 1 }] });
  const node = await startNode(lab, {});
  const line = await node.process.waitForLine(/BGP session with 10\.0\.0\.1 (does not come|is not) up/, {
    timeoutMs: 40_000,
  });
  t.regex((JSON.parse(line) as { reason: string }).reason, /AS number 64512/);
});
