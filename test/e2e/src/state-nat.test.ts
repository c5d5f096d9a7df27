import { twoArmCluster } from '@weir/lab';
import { surviveCrashes } from './node-crash-suite.js';
import { type SharingCluster, servicesOfMethod } from './sharing-cluster.js';
import { testAsRoot } from './test-as-root.js';

const gateways = ['10.1.0.11/24', 'fd00:11::11/64'];

/** node2 becomes the default route of backends, as keepalived does it. */
async function takeGateway({ weir }: SharingCluster): Promise<void> {
  const standby = weir.lab.host('node2');
  for (const address of gateways) await standby.output('ip', ['address', 'add', address, 'dev', 'back', 'nodad']);
  for (const { name } of weir.cluster.backends) {
    await weir.lab.host(name).output('ip', ['neighbour', 'flush', 'dev', 'back']);
  }
}

/** The router sends all to node1 as long as it is there: without owners, answers have to pass the node that packets passed. */
async function standBy({ weir }: SharingCluster): Promise<void> {
  const [, standby] = weir.nodes;
  if (standby === undefined) return;
  const after = standby.process.lines.length;
  standby.write({ ...standby.document, bgp: { ...(standby.document.bgp as object), announce: { prepend: 3 } } });
  await standby.process.waitForLine(/"msg":"configuration in force"/, { after });
  for (const vip of Object.values(weir.cluster.vip)) await weir.waitForRoutes(vip, 1);
}

for (const [title, options] of [
  ['nat, one of two nodes stands by', { prepare: standBy }],
  ['nat, both of two nodes serve, as owners', { owners: true }],
] as const) {
  testAsRoot(`${title}: connections go on when the node is killed that answers come through`, async (t) => {
    const cluster = twoArmCluster({ nodes: 2, backends: 2, innerMtuBytes: 1700, redis: true });
    await surviveCrashes(t, {
      cluster,
      decap: undefined,
      services: servicesOfMethod('nat'),
      connections: [
        { address: cluster.vip.ipv4, count: 500 },
        { address: cluster.vip.ipv6, count: 500 },
      ],
      crashes: ['node1'],
      onCrash: takeGateway,
      ...options,
    });
  });
}
