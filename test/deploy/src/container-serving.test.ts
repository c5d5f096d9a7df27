import test from 'ava';
import { AS_IMAGE_USER, AS_POD, ContainerCluster, ready } from './container-cluster.js';
import type { ImageContainer } from './image-runtime.js';
import { testAsRoot } from './test-as-root.js';

const REQUESTS = 200;

let cluster: ContainerCluster;
let nodes: ImageContainer[] = [];

test.before(async (t) => {
  t.timeout(900_000);
  if (process.getuid?.() !== 0) return;
  cluster = await ContainerCluster.start();
});
test.after.always(async () => cluster?.[Symbol.asyncDispose]());

testAsRoot('containers without privilege serve a VIP of each family, by BGP and ECMP', async (t) => {
  t.timeout(180_000);
  const { weir } = cluster;
  await Promise.all([cluster.startAgent(0, AS_IMAGE_USER), cluster.startAgent(1, AS_POD)]);
  nodes = await Promise.all([
    cluster.startNode(0, AS_IMAGE_USER).then(ready),
    cluster.startNode(1, AS_POD).then(ready),
  ]);
  for (const vip of [weir.cluster.vip.ipv4, weir.cluster.vip.ipv6]) {
    await weir.waitForRoutes(vip, 2);
    const { failed, requests } = await weir.request({ url: weir.url(vip), requestsPerSecond: REQUESTS, requests: REQUESTS });
    t.deepEqual({ failed, requests }, { failed: 0, requests: REQUESTS }, vip);
  }
});
