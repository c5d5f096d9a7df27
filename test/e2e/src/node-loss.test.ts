import { startEchoServer, TcpSessions, twoArmCluster, WeirCluster, type WeirNode, waitUntil } from '@weir/lab';
import { servicesInTurns } from './forwarding-cases.js';
import { testAsRoot } from './test-as-root.js';

/** Two nodes between client and backends. */
async function startPair(method: 'nat' | 'fullnat'): Promise<WeirCluster> {
  const cluster = twoArmCluster({ nodes: 2, backends: 2 });
  const weir = await WeirCluster.start({
    cluster,
    decap: undefined,
    holdSeconds: 3,
    services: (lab) => servicesInTurns(method, lab),
  });
  for (const { name } of cluster.backends) await startEchoServer(weir.lab.host(name));
  return weir;
}

testAsRoot('fullnat: a killed node takes its connections along, the others go on, new ones are served', async (t) => {
  await using weir = await startPair('fullnat');
  const address = weir.cluster.vip.ipv4;
  const client = weir.lab.host('client');
  await using before = await TcpSessions.open(client, { address, count: 40 });
  t.deepEqual(before.lost, []);
  const carried = await connectionsOf(weir, 'node2');
  t.true(carried > 0 && carried < 40, `node2 carries ${carried}`);
  await weir.lab.host('node1').crash();
  await weir.waitForRoutes(address, 1);
  await using after = await TcpSessions.open(client, { address, count: 20 });
  await after.roundTrip();
  t.deepEqual([after.lost, Object.keys(after.backends).sort()], [[], ['backend1', 'backend2']]);
  await waitForUnknownFlows(weir.nodes[1]);
  t.is(await connectionsOf(weir, 'node2'), carried + 20);
});

testAsRoot('nat: a second node takes over with the address that is the default route of backends', async (t) => {
  await using weir = await startPair('nat');
  const [node1, node2] = weir.nodes;
  if (node1 === undefined || node2 === undefined) return t.fail();
  // Answers have to pass the node that the packets passed, so that only one may take them: the other waits.
  await node2.process.stop('SIGTERM', 20_000);
  const address = weir.cluster.vip.ipv4;
  const client = weir.lab.host('client');
  await using before = await TcpSessions.open(client, { address, count: 10 });
  await before.roundTrip();
  await weir.lab.host('node1').crash();
  await weir.waitForRoutes(address, 0);
  await node2.start();
  await weir.waitForRoutes(address, 1);
  // As keepalived does on the one that takes over.
  await weir.lab.host('node2').output('ip', ['address', 'add', '10.1.0.11/24', 'dev', 'back']);
  for (const { name } of weir.cluster.backends) {
    await weir.lab.host(name).output('ip', ['neighbour', 'flush', 'dev', 'back']);
  }
  await using after = await TcpSessions.open(client, { address, count: 10 });
  await after.roundTrip();
  t.deepEqual([after.lost, after.backends], [[], { backend1: 5, backend2: 5 }]);
  await waitForUnknownFlows(node2);
});

/** What a killed node knew nobody else knows: its connections get no answer, and end by their own timeouts. */
async function waitForUnknownFlows(node: WeirNode | undefined): Promise<void> {
  await waitUntil(
    'a packet of a connection that the killed node had',
    async () => {
      const drops = (await node?.counters())?.drops;
      return (drops?.no_flow ?? 0) > 0 || undefined;
    },
    // They are sent again half as often each time.
    { timeoutMs: 60_000 },
  );
}

/** Connections that a node has in its flow table, of all services. */
async function connectionsOf(weir: WeirCluster, name: string): Promise<number> {
  const node = weir.nodes.find(({ host }) => host.name === name);
  const { services } = (await node?.counters()) ?? { services: [] };
  return services
    .flatMap(({ backends }) => backends)
    .reduce((sum, { activeConnections }) => sum + activeConnections, 0);
}
