import { standardCluster } from '@weir/lab';
import { RolloutCluster } from './rollout-cluster.js';
import { servicesOfMethod } from './sharing-cluster.js';
import { testAsRoot } from './test-as-root.js';

const LONG_CONNECTIONS = 200;
/** Connections do not end, so that drains last as long as they may: the flows are in Redis then. */
const DRAIN = { drainTimeout: '4s', fillFor: '2s' };
const TEST_TIMEOUT_MS = 300_000;

const cluster = standardCluster({ nodes: 3, redis: true, etcd: true, routedPools: true, innerMtuBytes: 1700 });

testAsRoot(
  'fullnat: connections whose state nodes have live through a node that joins, restarts and leaves',
  async (t) => {
    t.timeout(TEST_TIMEOUT_MS);
    const members = cluster.nodes.map(({ name, ipv4, localAddresses }) => ({ name, address: ipv4, localAddresses }));
    await using lab = await RolloutCluster.start({
      cluster,
      spareNodes: 1,
      redis: 'single',
      decap: undefined,
      services: servicesOfMethod('fullnat'),
      beforeNodes: (etcd) =>
        etcd.put('settings/nodes', {
          members: members.map((member) => (member.name === 'node3' ? { ...member, state: 'inactive' } : member)),
        }),
    });
    const traffic = await lab.traffic(LONG_CONNECTIONS);
    await lab.startSpare('node3');
    for (const [kind, node] of [
      ['add-nodes', 'node3'],
      ['restart-nodes', 'node1'],
      ['drain-nodes', 'node3'],
    ] as const) {
      const { state, reason } = await lab.rolledOut(kind, { kind, nodes: [node], ...DRAIN }, 2);
      t.deepEqual([state, reason], ['done', undefined], kind);
      await traffic.assertUnharmed(t, `${kind} ${node}`);
    }
    t.deepEqual(lab.supervisor.restarts, { node1: 1 });
  },
);
