import { standardCluster } from '@weir/lab';
import { surviveCrashes } from './node-crash-suite.js';
import { servicesOfMethod } from './sharing-cluster.js';
import { testAsRoot } from './test-as-root.js';

const cluster = standardCluster({ redis: true, routedPools: true, innerMtuBytes: 1700 });

testAsRoot('fullnat: 1,200 connections keep their local addresses when two of three nodes are killed', async (t) => {
  await surviveCrashes(t, {
    cluster,
    decap: undefined,
    owners: true,
    services: servicesOfMethod('fullnat'),
    connections: [
      { address: cluster.vip.ipv4, count: 1000, intervalMs: 250 },
      { address: cluster.vip.ipv6, count: 200, intervalMs: 250 },
    ],
    keysOfFlow: 2,
    crashes: ['node1', 'node2'],
  });
});
