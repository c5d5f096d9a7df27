import { startEchoServer, TcpSessions, WeirCluster, type WeirNode } from '@weir/lab';
import test from 'ava';
import { backendsOf } from './forwarding-cases.js';
import { macOf, runScapy } from './scapy.js';
import { testAsRoot } from './test-as-root.js';

const FLOOD_SOURCES = 4000;
const FLOOD_SECONDS = 3;

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() !== 0) return;
  weir = await WeirCluster.start({
    nodes: 1,
    backends: 2,
    services: ({ vip, backends }) => [
      // The one remembers flows, the other needs none.
      ...['rr', 'mh'].map((scheduler, index) => ({
        name: scheduler,
        vip: `198.51.100.${10 + index}`,
        port: 'all',
        scheduler,
        backends: backendsOf(backends, 'ipv4'),
      })),
      { name: 'web6', vip: vip.ipv6, port: 80, backends: backendsOf(backends, 'ipv6') },
    ],
    nodeOptions: { dataplane: { tableRows: 251 } },
  });
  for (const { name } of weir.cluster.backends) await startEchoServer(weir.lab.host(name));
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

const node = () => weir.nodes[0] as WeirNode;
const isServed = async (vip: string) =>
  (await weir.lab.host('client').run('curl', ['-sSg', '-m', '4', weir.url(vip)])).code === 0;

testAsRoot('lists that change at run time deny and allow sources of both families at once', async (t) => {
  const vips = [weir.cluster.vip.ipv4, weir.cluster.vip.ipv6];
  const served = () => Promise.all(vips.map(isServed));
  t.deepEqual(await served(), [true, true]);
  await weir.reconfigure({ guard: { deny: ['192.0.2.0/24', '2001:db8:c::/48'] } });
  t.deepEqual(await served(), [false, false]);
  await weir.reconfigure({ guard: { deny: ['192.0.2.0/24', '2001:db8:c::/48'], allow: ['192.0.2.2'] } });
  t.deepEqual(await served(), [true, false]);
  await weir.reconfigure({ guard: {} });
  t.deepEqual(await served(), [true, true]);
  t.true(((await node().counters()).drops.denied ?? 0) >= 3);
});

testAsRoot('SIGHUP puts a list in force', async (t) => {
  const after = node().process.lines.length;
  node().write({ ...node().document, guard: { deny: ['192.0.2.2'] } });
  node().process.kill('SIGHUP');
  await node().process.waitForLine(/"msg":"configuration in force"/, { after });
  t.false(await isServed(weir.cluster.vip.ipv4));
  await weir.reconfigure({ guard: {} });
  t.true(await isServed(weir.cluster.vip.ipv4));
});

testAsRoot('a list of 100,000 networks is put in force, and its neighbours are served', async (t) => {
  const deny = Array.from({ length: 100_000 }, (_, i) => `10.${100 + (i >> 16)}.${(i >> 8) & 0xff}.${i & 0xff}`);
  await weir.reconfigure({ guard: { deny: [...deny, '192.0.2.3'] } });
  t.true(await isServed(weir.cluster.vip.ipv4));
  await weir.reconfigure({ guard: {} });
});

testAsRoot('a source that opens more connections a second than it may is held back', async (t) => {
  await weir.reconfigure({ guard: { newFlowsPerSource: 5 } });
  const before = (await node().counters()).drops.source_rate ?? 0;
  const url = weir.url(weir.cluster.vip.ipv4);
  const result = await weir.request({ url, requestsPerSecond: 100, requests: 50, timeoutMs: 500 });
  t.true(result.failed > 20, `${result.failed} of 50 failed`);
  t.true(((await node().counters()).drops.source_rate ?? 0) > before);
  await weir.reconfigure({ guard: {} });
  t.true(await isServed(weir.cluster.vip.ipv4));
});

testAsRoot(`a flood of SYNs from ${FLOOD_SOURCES} addresses harms no connection that was there`, async (t) => {
  await weir.reconfigure({ guard: { newFlowsPerSecond: 1000 } });
  const router = weir.lab.host('router');
  const mac = await macOf(node().host, 'lan');
  const client = weir.lab.host('client');
  await using kept = await TcpSessions.open(client, { address: '198.51.100.10', count: 20 });
  await using hashed = await TcpSessions.open(client, { address: '198.51.100.11', count: 20 });
  const flood = runScapy(
    router,
    `
frames = [raw(Ether(dst='${mac}') / IP(src='203.0.%d.%d' % (i >> 8, i & 255), dst='198.51.100.1%d' % (i % 2))
    / TCP(sport=1024 + i, dport=81, flags='S')) for i in range(${FLOOD_SOURCES})]
out = wire('lan')
end = time.time() + ${FLOOD_SECONDS}
sent = 0
while time.time() < end:
    for frame in frames:
        out.send(frame)
        sent += 1
        # No faster than a node takes them: what a full queue drops is no work for the guard.
        if sent % 100 == 0:
            time.sleep(0.001)
print(sent)
`,
  );
  let isFlooded = true;
  const sent = flood.finally(() => {
    isFlooded = false;
  });
  while (isFlooded) await Promise.all([kept.roundTrip(), hashed.roundTrip()]);
  t.log(`${(await sent).trim()} SYNs in ${FLOOD_SECONDS} s`);
  t.deepEqual([kept.lost, hashed.lost], [[], []]);
  await weir.reconfigure({ guard: {} });
});
