import test from 'ava';
import { AS_IMAGE_USER, AS_POD, ContainerCluster, NODE_CAPABILITIES, ready } from './container-cluster.js';
import type { ImageContainer } from './image-runtime.js';
import { testAsRoot } from './test-as-root.js';

const REQUESTS_PER_SECOND = 100;
const REQUESTS = 200;
const HEALTH_TIMEOUT_MS = 60_000;
/** Bits of linux/capability.h. */
const CAPABILITY_BITS: Readonly<Record<string, bigint>> = {
  NET_BIND_SERVICE: 10n,
  NET_ADMIN: 12n,
  NET_RAW: 13n,
  PERFMON: 38n,
  BPF: 39n,
};

let cluster: ContainerCluster;
let nodes: ImageContainer[] = [];

test.before(async (t) => {
  t.timeout(1_200_000);
  if (process.getuid?.() !== 0) return;
  cluster = await ContainerCluster.start();
});
test.after.always(async () => cluster?.[Symbol.asyncDispose]());

const node = (index: number) => nodes[index] as ImageContainer;
const vips = () => Object.values(cluster.weir.cluster.vip);

testAsRoot('containers without privilege serve a VIP of each family, by BGP and ECMP', async (t) => {
  t.timeout(300_000);
  const { weir } = cluster;
  await Promise.all([cluster.startAgent(0, AS_IMAGE_USER), cluster.startAgent(1, AS_POD)]);
  nodes = await Promise.all([
    cluster.startNode(0, AS_IMAGE_USER).then(ready),
    cluster.startNode(1, AS_POD).then(ready),
  ]);
  for (const vip of vips()) {
    await weir.waitForRoutes(vip, 2);
    const load = { url: weir.url(vip), requestsPerSecond: REQUESTS_PER_SECOND, requests: REQUESTS };
    t.like(await weir.request(load), { failed: 0, requests: REQUESTS }, vip);
  }
});

testAsRoot('the check of health that the image names says that its node serves', async (t) => {
  t.timeout(180_000);
  for (const container of nodes) {
    const health = () => container.exec(['weirctl', 'health'], { timeoutMs: HEALTH_TIMEOUT_MS });
    t.like(await health(), { code: 0, stderr: '' });
  }
});

testAsRoot('no process of a container is root, or has a capability that was not asked for', async (t) => {
  const { stdout } = await node(0).exec(['sh', '-c', 'cat /proc/[0-9]*/status']);
  const asked = NODE_CAPABILITIES.reduce((mask, name) => mask | (1n << (CAPABILITY_BITS[name] ?? 0n)), 0n);
  const processes = stdout.split(/^(?=Name:)/m).map((status) => {
    const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';
    return { name: field('Name'), uid: field('Uid'), more: BigInt(`0x${field('CapBnd')}`) & ~asked };
  });
  t.true(processes.some(({ name }) => name === 'gobgpd'));
  for (const { name, uid, more } of processes) t.deepEqual([uid === '0', more], [false, 0n], name);
});

testAsRoot('SIGTERM withdraws, drains and ends a container with 0, and no request fails', async (t) => {
  t.timeout(180_000);
  const { weir } = cluster;
  const [vip = ''] = vips();
  const load = weir.load({ url: weir.url(vip), requestsPerSecond: REQUESTS_PER_SECOND });
  await load.nextResult();
  t.deepEqual(await node(0).stop(60_000), { code: 0, signal: null });
  await weir.waitForRoutes(vip, 1);
  nodes[0] = await ready(await cluster.startNode(0, AS_IMAGE_USER));
  await weir.waitForRoutes(vip, 2);
  t.like(await load.stop(), { failed: 0 });
});

testAsRoot('what a killed container has pinned is taken over by the next one', async (t) => {
  t.timeout(180_000);
  const { weir } = cluster;
  await node(1).kill();
  nodes[1] = await ready(await cluster.startNode(1, AS_POD));
  for (const vip of vips()) {
    await weir.waitForRoutes(vip, 2);
    const load = { url: weir.url(vip), requestsPerSecond: REQUESTS_PER_SECOND, requests: REQUESTS };
    t.like(await weir.request(load), { failed: 0 }, vip);
  }
});
