import test from 'ava';
import { askDns, startDnsServer } from './dns-server.js';
import { startEchoServer, udpEcho } from './echo.js';
import { type IperfResult, runIperfUntil } from './iperf.js';
import { hasVlanInterfaces } from './kernel-features.js';
import { Lab } from './lab.js';
import { testAsRoot } from './needs-root.js';
import { PacketCapture } from './packet-capture.js';
import { standardCluster } from './standard-cluster.js';
import { TcpSessions } from './tcp-sessions.js';
import { twoArmCluster } from './two-arm-cluster.js';
import { waitUntil } from './wait-until.js';

testAsRoot('a client reaches the servers of a backend through a node of two arms, over both families', async (t) => {
  const cluster = twoArmCluster({ nodes: 1, backends: 1 });
  await using lab = await Lab.start(cluster.topology);
  const client = lab.host('client');
  const server = lab.host('backend1');
  await startDnsServer(server);
  await startEchoServer(server);
  for (const family of ['ipv4', 'ipv6'] as const) {
    const address = cluster.backends[0]?.[family] ?? '';
    t.is(await askDns(client, address, 'udp'), 'backend1');
    t.is(await askDns(client, address, 'tcp'), 'backend1');
    t.deepEqual(await udpEcho(client, { address, bytes: 4000, datagrams: 3 }), { intact: 3, damaged: 0 });
    for (const protocol of ['tcp', 'udp'] as const) {
      // A receiver that gets no CPU for a while loses some.
      const isGood = ({ bytes, lostPercent }: IperfResult) => bytes > 1_000_000 && lostPercent < 20;
      const result = await runIperfUntil(isGood, { server, client, address, protocol });
      t.true(isGood(result), `${protocol}: ${JSON.stringify(result)}`);
    }
    await using sessions = await TcpSessions.open(client, { address, count: 3 });
    await sessions.roundTrip();
    t.deepEqual([sessions.backends, sessions.lost], [{ backend1: 3 }, []]);
  }
});

testAsRoot('connections that end are counted as lost, and refused ones too', async (t) => {
  const cluster = twoArmCluster({ nodes: 1, backends: 1 });
  await using lab = await Lab.start(cluster.topology);
  const address = cluster.backends[0]?.ipv4 ?? '';
  const server = await startEchoServer(lab.host('backend1'));
  await using sessions = await TcpSessions.open(lab.host('client'), { address, count: 2 });
  await server.stop('SIGKILL');
  const lost = await waitUntil('both to end', () => (sessions.lost.length === 2 ? sessions.lost : undefined));
  t.regex(lost.join(), /closed|ECONNRESET/);
  await t.throwsAsync(TcpSessions.open(lab.host('client'), { address, count: 1 }), { message: /ECONNREFUSED/ });
});

testAsRoot('a datagram to a port where nobody answers is counted as neither intact nor damaged', async (t) => {
  const cluster = twoArmCluster({ nodes: 1, backends: 1 });
  await using lab = await Lab.start(cluster.topology);
  const address = cluster.backends[0]?.ipv4 ?? '';
  const result = await udpEcho(lab.host('client'), { address, port: 9, timeoutMs: 100 });
  t.deepEqual(result, { intact: 0, damaged: 0 });
});

const withVlans = hasVlanInterfaces() ? testAsRoot : test.skip;
if (!hasVlanInterfaces())
  process.stderr.write('skipped: this kernel has no interfaces for VLANs (CONFIG_VLAN_8021Q)\n');

withVlans('on a tagged cluster both sides are VLANs of one interface, and the tags are in the frames', async (t) => {
  const cluster = twoArmCluster({ tagged: true, nodes: 1, backends: 1 });
  await using lab = await Lab.start(cluster.topology);
  await startDnsServer(lab.host('backend1'));
  await using capture = await PacketCapture.start(lab.host('node1'), {
    interface: 'trunk',
    filter: 'vlan and udp port 53',
    flags: ['-e'],
  });
  t.is(await askDns(lab.host('client'), cluster.backends[0]?.ipv4 ?? '', 'udp'), 'backend1');
  t.regex(await capture.waitFor(/> 10\.1\.0\.21\.53/), /vlan 10,/);
  await capture.waitFor(/vlan 20,.*> 10\.1\.0\.21\.53/);
});

testAsRoot('a client behind a narrow hop learns its MTU from frag needed and packet too big', async (t) => {
  const cluster = standardCluster({ nodes: 0, backends: 1, narrowMtuBytes: 1400 });
  await using lab = await Lab.start(cluster.topology);
  const client = lab.host('client');
  await startEchoServer(lab.host('backend1'));
  for (const family of ['ipv4', 'ipv6'] as const) {
    const address = cluster.backends[0]?.[family] ?? '';
    // The first datagram is lost by what it teaches the client, the answer to the second by what it teaches the backend.
    for (let lost = 0; lost < 2; lost++) await udpEcho(client, { address, bytes: 1440, timeoutMs: 300 });
    t.regex(await client.output('ip', ['route', 'get', address]), /mtu 1400/);
    t.deepEqual(await udpEcho(client, { address, bytes: 1440 }), { intact: 1, damaged: 0 });
  }
});
