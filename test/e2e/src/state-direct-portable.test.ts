import { standardCluster } from '@weir/lab';
import { surviveCrashes } from './node-crash-suite.js';
import { servicesOfMethod } from './sharing-cluster.js';
import { testAsRoot } from './test-as-root.js';

const { vip } = standardCluster();

testAsRoot('portable, ipip: connections go on when a node is killed', async (t) => {
  await surviveCrashes(t, {
    nodes: 2,
    backends: 2,
    services: servicesOfMethod('ipip'),
    nodeOptions: { engine: 'portable' },
    connections: [
      { address: vip.ipv4, count: 50 },
      { address: vip.ipv6, count: 50 },
    ],
    crashes: ['node1'],
  });
});
