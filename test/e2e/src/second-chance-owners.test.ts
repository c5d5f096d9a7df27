import {
  standardCluster,
  startEchoServer,
  TcpSessions,
  twoArmCluster,
  WeirCluster,
  type WeirClusterOptions,
  type WeirNode,
} from '@weir/lab';
import { servicesInTurns } from './forwarding-cases.js';
import { testAsRoot } from './test-as-root.js';

type Method = 'nat' | 'fullnat' | 'ipip';
type State = 'filling' | 'active' | 'draining';

async function startCluster(
  method: Method,
  cluster: WeirCluster['cluster'],
  nodeOptions: WeirClusterOptions['nodeOptions'] = {},
): Promise<WeirCluster> {
  const weir = await WeirCluster.start({
    cluster,
    decap: method === 'ipip' ? 'ipip' : undefined,
    nodeOptions,
    services: (lab) => servicesInTurns(method, lab),
  });
  for (const { name } of cluster.backends) await startEchoServer(weir.lab.host(name));
  return weir;
}

/** Tells all nodes of these; those whose daemon runs have it in force when this resolves. */
async function tellNodes({ nodes, cluster }: WeirCluster, states: readonly State[]): Promise<void> {
  const members = states.map((state, i) => {
    const { name, ipv4 } = cluster.nodes[i] as (typeof cluster.nodes)[number];
    return { name, address: ipv4, state };
  });
  await Promise.all(
    nodes.map(async (node, i) => {
      // Who is not in the list yet, is not told of it.
      if (i >= members.length) return;
      const runs = node.process.end === undefined;
      const after = node.process.lines.length;
      node.write({ ...node.document, nodes: { members } });
      if (runs) await node.process.waitForLine(/"msg":"configuration in force"/, { after });
    }),
  );
}

async function openSessions(weir: WeirCluster, count: number): Promise<readonly [TcpSessions, TcpSessions]> {
  const { vip } = weir.cluster;
  const client = weir.lab.host('client');
  const open = (address: string) => TcpSessions.open(client, { address, count });
  return [await open(vip.ipv4), await open(vip.ipv6)];
}

/** Packets that this node handed over to others. */
async function handedOver(node: WeirNode | undefined): Promise<number> {
  const { handovers } = (await node?.counters()) ?? { handovers: [] };
  return handovers.reduce((sum, { packets }) => sum + packets, 0);
}

for (const engine of ['xdp', 'portable'] as const) {
  testAsRoot(`${engine}, nat: two nodes serve at once, though all answers come back through one of them`, async (t) => {
    const cluster = twoArmCluster({ nodes: 2, backends: 2, innerMtuBytes: 1700 });
    await using weir = await startCluster('nat', cluster, { engine });
    await tellNodes(weir, ['active', 'active']);
    const [ipv4, ipv6] = await openSessions(weir, 30);
    await using _4 = ipv4;
    await using _6 = ipv6;
    await Promise.all([ipv4.roundTrip(), ipv6.roundTrip()]);
    t.deepEqual([ipv4.lost, ipv6.lost], [[], []]);
    t.is(Object.keys(ipv4.backends).length, 2);
    for (const node of weir.nodes) t.true((await handedOver(node)) > 0, `${node.host.name} handed packets over`);

    // The program goes on without its daemon; what is not in the kernel does not.
    if (engine === 'portable') return;

    // A node that drains is second in its rows, and still has what it has when the router sends it nothing any more.
    await tellNodes(weir, ['active', 'draining']);
    await weir.nodes[1]?.process.stop('SIGTERM', 20_000);
    await weir.waitForRoutes(cluster.vip.ipv4, 1);
    await Promise.all([ipv4.roundTrip(), ipv6.roundTrip()]);
    t.deepEqual([ipv4.lost, ipv6.lost], [[], []]);
  });
}

for (const [method, cluster] of [
  ['ipip', standardCluster({ nodes: 3, backends: 3, innerMtuBytes: 1700 })],
  ['fullnat', twoArmCluster({ nodes: 3, backends: 2, innerMtuBytes: 1700 })],
] as const) {
  testAsRoot(
    `${method}: connections survive a node that comes and one that drains, wherever the router sends them`,
    async (t) => {
      await using weir = await startCluster(method, cluster);
      const { vip } = cluster;
      const [node1, , node3] = weir.nodes;
      await node3?.process.stop('SIGTERM', 20_000);
      await weir.waitForRoutes(vip.ipv4, 2);
      await tellNodes(weir, ['active', 'active']);
      const [ipv4, ipv6] = await openSessions(weir, 30);
      await using _4 = ipv4;
      await using _6 = ipv6;
      const goOn = async (event: string) => {
        await Promise.all([ipv4.roundTrip(), ipv6.roundTrip()]);
        t.deepEqual([ipv4.lost, ipv6.lost], [[], []], event);
      };
      await tellNodes(weir, ['active', 'active', 'filling']);
      await node3?.start();
      await weir.waitForRoutes(vip.ipv4, 3);
      await goOn('a node was added');
      await tellNodes(weir, ['draining', 'active', 'active']);
      await node1?.process.stop('SIGTERM', 20_000);
      await weir.waitForRoutes(vip.ipv4, 2);
      await goOn('a node drains');
      const [fresh] = await openSessions(weir, 20);
      await using _ = fresh;
      t.deepEqual(fresh?.lost, []);
    },
  );
}

testAsRoot('ipip without owners: the same ends connections', async (t) => {
  const cluster = standardCluster({ nodes: 3, backends: 3, innerMtuBytes: 1700 });
  await using weir = await startCluster('ipip', cluster);
  const [ipv4, ipv6] = await openSessions(weir, 30);
  await using _4 = ipv4;
  await using _6 = ipv6;
  await weir.nodes[0]?.process.stop('SIGTERM', 20_000);
  await weir.waitForRoutes(cluster.vip.ipv4, 2);
  await Promise.all([ipv4.roundTrip(), ipv6.roundTrip()]);
  const lost = ipv4.lost.length + ipv6.lost.length;
  t.true(lost > 0, `${lost} of 60 connections ended`);
});
