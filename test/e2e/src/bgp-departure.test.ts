import { bgpPaths, type HttpLoad, type RouterPath, WeirCluster, type WeirNode, waitUntil } from '@weir/lab';
import test, { type ExecutionContext } from 'ava';
import { testAsRoot } from './test-as-root.js';

const REQUESTS_PER_SECOND = 100;

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() !== 0) return;
  weir = await WeirCluster.start({ nodes: 2, backends: 2, nodeOptions: { bgp: { gracefulShutdown: '6s' } } });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

function nodeOf(name: string): WeirNode {
  const node = weir.nodes.find(({ host }) => host.name === name);
  if (node === undefined) throw new Error(`no ${name}`);
  return node;
}

/** The path of a node to the IPv4 VIP, as the router has it. */
async function pathOf({ host }: WeirNode): Promise<RouterPath | undefined> {
  const paths = await bgpPaths(weir.router, `${weir.cluster.vip.ipv4}/32`);
  return paths.find(({ peer }) => peer === host.address('ipv4'));
}

/** Resolves when the router has been told that a node shuts down, and forwards by the others alone. */
async function waitForMark(t: ExecutionContext, node: WeirNode): Promise<void> {
  const path = await waitUntil('the router to be told', async () => {
    const found = await pathOf(node);
    return found?.communities.includes('graceful-shutdown') ? found : undefined;
  });
  t.is(path.localPreference, 0);
  const [route] = await waitUntil('the router to leave the node', async () => {
    const routes = await weir.router.routes(`${weir.cluster.vip.ipv4}/32`);
    return routes[0]?.nextHops.length === 1 ? routes : undefined;
  });
  t.not(route?.nextHops[0]?.address, node.host.address('ipv4'));
  t.truthy(await pathOf(node), 'the route of the node is still there');
}

async function startLoad(): Promise<HttpLoad> {
  const load = weir.load({ url: weir.url(weir.cluster.vip.ipv4), requestsPerSecond: REQUESTS_PER_SECOND });
  await load.nextResult();
  return load;
}

testAsRoot('a node that ends marks its routes, withdraws them then, and no request fails', async (t) => {
  const node = nodeOf('node2');
  const load = await startLoad();
  const ended = node.process.stop('SIGTERM', 60_000);
  await waitForMark(t, node);
  t.deepEqual(await ended, { code: 0, signal: null });
  t.is(await pathOf(node), undefined);
  await node.start();
  await weir.waitForRoutes(weir.cluster.vip.ipv4, 2);
  t.deepEqual((await pathOf(node))?.communities, []);
  t.like(await load.stop(), { failed: 0 });
});

testAsRoot('a node that is to drain announces nothing until it is active again, and forwards all along', async (t) => {
  const node = nodeOf('node1');
  const { document, process: daemon } = node;
  const { vip } = weir.cluster;
  const load = await startLoad();
  node.write({ ...document, node: { ...(document.node as object), state: 'draining' } });
  await waitForMark(t, node);
  await waitUntil('the route to go', async () => ((await pathOf(node)) === undefined ? true : undefined));
  await daemon.waitForLine(/not announced: the node is draining/);
  // What does not care for BGP may still send it packets; a table of its own, for zebra takes part in the main one.
  const router = (...args: string[]) => weir.lab.host('router').output('ip', ['-6', ...args]);
  await router('route', 'add', `${vip.ipv6}/128`, 'via', node.host.address('ipv6'), 'table', '7151');
  await router('rule', 'add', 'pref', '90', 'to', `${vip.ipv6}/128`, 'lookup', '7151');
  const before = await packetsOf(node);
  const straight = await weir.request({ url: weir.url(vip.ipv6), requestsPerSecond: 50, requests: 25 });
  t.like(straight, { requests: 25, failed: 0 });
  t.true((await packetsOf(node)) > before, 'it forwards');
  await router('rule', 'del', 'pref', '90');
  node.write(document);
  await weir.waitForRoutes(vip.ipv4, 2);
  t.deepEqual((await pathOf(node))?.communities, []);
  t.is(node.process, daemon);
  t.is(daemon.end, undefined);
  t.like(await load.stop(), { failed: 0 });
});

testAsRoot('a VIP that is turned off stays off over a restart, whatever the health, until it is auto', async (t) => {
  const node = nodeOf('node1');
  const { ipv4, ipv6 } = weir.cluster.vip;
  const load = await startLoad();
  t.regex(await node.announce(ipv4, 'off'), /198\.51\.100\.10: off; not announced/);
  await weir.waitForRoutes(ipv4, 1);
  await node.process.stop('SIGTERM', 60_000);
  await node.start();
  await weir.waitForRoutes(ipv6, 2);
  t.is(await weir.routesTo(ipv4), 1);
  t.regex(await node.listAnnounced(), /198\.51\.100\.10\s+off\s+no\n2001:db8:100::10\s+auto\s+yes\n/);
  await node.announce(ipv4, 'auto');
  await weir.waitForRoutes(ipv4, 2);
  t.like(await load.stop(), { failed: 0 });
});

testAsRoot('a VIP that is turned on is announced though no backend of it is usable', async (t) => {
  const node = nodeOf('node1');
  const { ipv4 } = weir.cluster.vip;
  const services = node.document.services as readonly { readonly vip: string; readonly backends: readonly object[] }[];
  const without = services.map((service) =>
    service.vip === ipv4 ? { ...service, backends: service.backends.map((each) => ({ ...each, weight: 0 })) } : service,
  );
  await weir.reconfigure({ services: without });
  await weir.waitForRoutes(ipv4, 0);
  await node.announce(ipv4, 'on');
  await weir.waitForRoutes(ipv4, 1);
  await node.announce(ipv4, 'auto');
  await weir.waitForRoutes(ipv4, 0);
  await weir.reconfigure({ services });
  await weir.waitForRoutes(ipv4, 2);
  t.is(await weir.routesTo(ipv4), 2);
});

async function packetsOf(node: WeirNode): Promise<number> {
  const { services } = await node.counters();
  return services.reduce((sum, { packets }) => sum + packets, 0);
}
