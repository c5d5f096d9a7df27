import { fileURLToPath } from 'node:url';
import { startEchoServer, TcpSessions, type WeirCluster } from '@weir/lab';
import type { Report } from './report.js';

const LB_NODE = fileURLToPath(new URL('../../../packages/lb-node/dist/main.js', import.meta.url));
const PORT = 7;
const WEIGHTS = [2, 1, 1] as const;
const CONNECTIONS = 40;
const SHARES = [20, 10, 10] as const;

/** Adds a service by least connections to the node that is left, and shows how connections spread over its backends. */
export async function countConnections(weir: WeirCluster, report: Report): Promise<void> {
  const [node] = weir.nodes;
  if (node === undefined) return;
  const { vip, backends } = weir.cluster;
  report.step(
    `A service by weighted least connections: ${CONNECTIONS} that stay open`,
    `On port ${PORT} of ${vip.ipv4}, weights ${WEIGHTS.join(', ')}. Then, on node1: lb-node counters.`,
  );
  for (const { name } of backends) await startEchoServer(weir.lab.host(name), { port: PORT });
  const echo = {
    name: 'echo',
    vip: vip.ipv4,
    port: PORT,
    scheduler: 'wlc',
    backends: backends.map(({ name, ipv4 }, i) => ({ name, address: ipv4, weight: WEIGHTS[i] ?? 1 })),
  };
  const inForce = node.process.waitForLine(/"msg":"configuration in force"/, { after: node.process.lines.length });
  node.write({ ...node.document, services: [...node.document.services, echo] });
  await inForce;
  await using sessions = await TcpSessions.open(weir.lab.host('client'), {
    address: vip.ipv4,
    port: PORT,
    count: CONNECTIONS,
  });
  await sessions.roundTrip();
  const table = await node.host.output(process.execPath, [LB_NODE, '--config', node.configFile, 'counters']);
  report.saw(table.trimEnd());
  const { services } = await node.counters();
  const counts = services.find(({ vip: address, port }) => address === vip.ipv4 && port === PORT)?.backends ?? [];
  const connections = backends.map(
    ({ ipv4 }) => counts.find(({ address }) => address === ipv4)?.activeConnections ?? 0,
  );
  report.check(
    connections.every((count, i) => count === SHARES[i]) && sessions.lost.length === 0,
    `of ${CONNECTIONS} connections the backends have ${connections.join(', ')}`,
    { connections },
  );
}
