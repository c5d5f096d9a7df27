import { ECHO_PORT, standardCluster, startEchoServer, TcpSessions } from '@weir/lab';
import { SharingCluster, servicesOfMethod } from './sharing-cluster.js';
import { testAsRoot } from './test-as-root.js';

/** Long, so that no connection of this test is as old, on whatever machine. */
const TELL_AFTER_MS = 10_000;

const { vip } = standardCluster();

testAsRoot('connections that end before the threshold cost Redis nothing', async (t) => {
  await using sharing = await SharingCluster.start({
    nodes: 2,
    backends: 2,
    services: servicesOfMethod('ipip'),
    state: { tellAfter: `${TELL_AFTER_MS / 1000}s` },
  });
  const { weir, redis } = sharing;
  for (const { name } of weir.cluster.backends) await startEchoServer(weir.lab.host(name));
  const client = weir.lab.host('client');
  // It shows each command that Redis carries out, whoever asks.
  await using monitor = redis.host.spawn('redis-cli', ['-p', String(redis.port), 'MONITOR']);
  await monitor.waitForLine(/^OK$/);
  const begun = performance.now();
  let opened = 0;
  while (performance.now() - begun < 1.5 * TELL_AFTER_MS) {
    for (const address of [vip.ipv4, vip.ipv6]) {
      await using sessions = await TcpSessions.open(client, { address, port: ECHO_PORT, count: 20 });
      t.deepEqual(sessions.lost, []);
      opened += 20;
    }
  }
  const commands = monitor.lines.slice(1);
  t.log(`${opened} connections; ${commands.length} commands`);
  // Nodes also say that they are there, and ask who else is.
  t.true(commands.some((line) => line.includes('"weir:node:node1"')));
  t.deepEqual(
    commands.filter((line) => !line.includes('"weir:node:')),
    [],
  );
  t.is(await sharing.flowsShared(), 0);
});
