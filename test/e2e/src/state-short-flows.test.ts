import { ECHO_PORT, standardCluster, startEchoServer, TcpSessions } from '@weir/lab';
import { SharingCluster, servicesOfMethod, TELL_AFTER_MS } from './sharing-cluster.js';
import { testAsRoot } from './test-as-root.js';

const { vip } = standardCluster();

/** Commands of flows; nodes also say that they are there, and ask who else is. */
const FLOW_COMMANDS = [
  'eval',
  'evalsha',
  'evalsha_ro',
  'set',
  'setex',
  'psetex',
  'get',
  'del',
  'unlink',
  'publish',
  'expire',
];

testAsRoot('connections that end before the threshold cost Redis nothing', async (t) => {
  await using sharing = await SharingCluster.start({ nodes: 2, backends: 2, services: servicesOfMethod('ipip') });
  const { weir, redis } = sharing;
  for (const { name } of weir.cluster.backends) await startEchoServer(weir.lab.host(name));
  const client = weir.lab.host('client');
  const before = await redis.commandCounts();
  const begun = performance.now();
  let opened = 0;
  while (performance.now() - begun < 2 * TELL_AFTER_MS) {
    for (const address of [vip.ipv4, vip.ipv6]) {
      await using sessions = await TcpSessions.open(client, { address, port: ECHO_PORT, count: 20 });
      t.deepEqual(sessions.lost, []);
      opened += 20;
    }
  }
  const after = await redis.commandCounts();
  const ofFlows = FLOW_COMMANDS.filter((name) => (after[name] ?? 0) !== (before[name] ?? 0));
  t.log(`${opened} connections; Redis carried out ${JSON.stringify(after)}`);
  t.deepEqual([ofFlows, await sharing.flowsShared()], [[], 0]);
});
