import { startNginx, TcpSessions, vipsOf, waitUntil } from '@weir/lab';
import { testAsRoot } from './test-as-root.js';
import { VrrpCluster, vips4, vips6 } from './vrrp-cluster.js';

const vips = [...vips4, ...vips6];
/** curl was told that there is nothing; without an answer it is 28. */
const CURL_REFUSED = 7;

for (const engine of ['xdp', 'portable'] as const) {
  testAsRoot(`VRRP, ${engine}: VIPs of both families are spread over three nodes, and all are served`, async (t) => {
    await using vrrp = await VrrpCluster.start({ engine });
    const holders = await vrrp.holders();
    t.deepEqual([...new Set(Object.values(holders).flat())].sort(), ['node1', 'node2', 'node3']);
    for (const vip of vips) t.regex((await vrrp.request(vip)).text, /backend[12]/, vip);
    const [vip] = vips4 as [string];
    const holder = holders[vip]?.[0] as string;
    const packets = async (name: string) =>
      (await vrrp.node(name).counters()).services.find((service) => service.vip === vip)?.packets;
    t.true(((await packets(holder)) ?? 0) > 0, 'packets came to the holder');
    const others = ['node1', 'node2', 'node3'].filter((name) => name !== holder);
    t.deepEqual(await Promise.all(others.map(packets)), [0, 0]);
  });
}

testAsRoot(
  'VRRP: a killed node is replaced by the next, connections go on, and it takes its VIPs back when it returns',
  async (t) => {
    await using vrrp = await VrrpCluster.start({ nodes: 2 });
    const before = await vrrp.holders();
    const [vip] = vips4.filter((each) => before[each]?.[0] === 'node1') as [string];
    const load = vrrp.load(vip);
    await load.nextResult();
    await using sessions = await TcpSessions.open(vrrp.lab.host('client'), { address: vip, count: 20 });
    await vrrp.lab.host('node1').crash();
    const { ms } = await vrrp.waitForHolders((holders) => vips.every((each) => holders[each]?.includes('node2')));
    t.log(`taken over after ${Math.round(ms)} ms`);
    await load.nextResult();
    const during = await load.stop();
    t.log(`${during.requests} requests, ${during.failed} failed, the slowest took ${during.slowestMs} ms`);
    t.like(during, { failed: 0 });
    await sessions.roundTrip();
    t.deepEqual(sessions.lost, [], 'connections that node1 had go on by node2');
    await vrrp.lab.host('node1').link('lan').up();
    await vrrp.node('node1').start();
    await vrrp.waitForHolders((holders) => vips.every((each) => holders[each]?.join() === before[each]?.join()));
    for (const each of vips) t.is((await vrrp.request(each)).code, 0, each);
  },
);

testAsRoot('VRRP without preemption: a node that is stopped hands over at once, and takes nothing back', async (t) => {
  await using vrrp = await VrrpCluster.start({ nodes: 2, vrrp: { preempt: false, transport: 'unicast' } });
  const before = await vrrp.holders();
  const [own] = vips4.map((vip) => before[vip]?.[0]) as [string];
  const [vip] = vips4.filter((each) => before[each]?.[0] === own) as [string];
  const other = own === 'node1' ? 'node2' : 'node1';
  const load = vrrp.load(vip);
  await load.nextResult();
  const since = performance.now();
  const stopping = vrrp.node(own).process.stop('SIGTERM', 20_000);
  await vrrp.waitForHolders((holders) => vips.every((each) => holders[each]?.join() === other));
  t.log(`handed over after ${Math.round(performance.now() - since)} ms`);
  t.deepEqual(await stopping, { code: 0, signal: null });
  const result = await load.stop();
  t.log(`${result.requests} requests, ${result.failed} failed, the slowest took ${result.slowestMs} ms`);
  t.like(result, { failed: 0 });
  t.regex(await vrrp.lab.host(own).output('ip', ['rule']), /^0:\s+from all lookup local$/m);
  await vrrp.node(own).start();
  t.deepEqual(new Set(Object.values(await vrrp.holders()).map(String)), new Set([other]));
});

testAsRoot(
  'VRRP: a VIP that a node has no backend for moves alone; one that none has a backend for is held by none',
  async (t) => {
    await using vrrp = await VrrpCluster.start({ nodes: 2 });
    const before = await vrrp.holders();
    const [vip] = vips4 as [string];
    const own = before[vip]?.[0] as string;
    const other = own === 'node1' ? 'node2' : 'node1';
    const without = vrrp.services.map((service) =>
      vipsOf(service).includes(vip)
        ? { ...service, backends: service.backends.map((each) => ({ ...each, weight: 0 })) }
        : service,
    );
    const pid = await keepalivedPid(vrrp, own);
    vrrp.node(own).write({ ...vrrp.node(own).document, services: without });
    await vrrp.waitForHolders((holders) => holders[vip]?.join() === other);
    t.is((await vrrp.request(vip)).code, 0);
    vrrp.node(other).write({ ...vrrp.node(other).document, services: without });
    await vrrp.waitForHolders((holders) => holders[vip]?.length === 0);
    const others = vips.filter((each) => each !== vip);
    await vrrp.waitForHolders((holders) => others.every((each) => holders[each]?.join() === before[each]?.join()));
    vrrp.node(own).write({ ...vrrp.node(own).document, services: vrrp.services });
    await vrrp.waitForHolders((holders) => holders[vip]?.join() === own);
    const fewer = vrrp.services.filter((service) => !vipsOf(service).includes(vip));
    for (const node of vrrp.nodes) node.write({ ...node.document, services: fewer });
    await vrrp.waitForHolders((holders) => holders[vip]?.length === 0);
    for (const node of vrrp.nodes) node.write({ ...node.document, services: vrrp.services });
    await vrrp.waitForHolders((holders) => vips.every((each) => holders[each]?.join() === before[each]?.join()));
    t.is(await keepalivedPid(vrrp, own), pid, 'keepalived was not started anew');
  },
);

testAsRoot(
  'VRRP: VIPs whose backends fail their checks are held by no node, and are back with the first backend',
  async (t) => {
    await using vrrp = await VrrpCluster.start({ nodes: 2 });
    const before = await vrrp.holders();
    for (const page of vrrp.pages) await page.stop();
    await vrrp.waitForHolders((holders) => vips.every((vip) => holders[vip]?.length === 0));
    await startNginx(vrrp.lab.host('backend2'));
    await vrrp.waitForHolders((holders) => vips.every((vip) => holders[vip]?.join() === before[vip]?.join()));
    for (const vip of vips) t.regex((await vrrp.request(vip)).text, /backend2/, vip);
  },
);

testAsRoot(
  'VRRP: what a VIP is held for is its services: others are refused, the node itself is not found there',
  async (t) => {
    await using vrrp = await VrrpCluster.start({ nodes: 2 });
    for (const { host } of vrrp.nodes) {
      const listener = host.spawn('python3', ['-m', 'http.server', '8080', '--bind', '::'], { name: 'own-service' });
      await listener.waitForListening(8080);
    }
    for (const vip of [vips4[0], vips6[0]] as [string, string]) {
      t.is((await vrrp.request(vip, 8080)).code, CURL_REFUSED, vip);
    }
    t.is(
      (await vrrp.request(vrrp.cluster.nodes[0]?.ipv4 as string, 8080)).code,
      0,
      'the node answers by its own address',
    );
  },
);

testAsRoot(
  'VRRP: VIPs stay where they are while lb-node is killed and started again, and come back when keepalived was',
  async (t) => {
    await using vrrp = await VrrpCluster.start({ nodes: 2 });
    const before = await vrrp.holders();
    const [vip] = vips4.filter((each) => before[each]?.[0] === 'node1') as [string];
    const load = vrrp.load(vip);
    await load.nextResult();
    const pid = await keepalivedPid(vrrp, 'node1');
    await vrrp.node('node1').process.stop('SIGKILL');
    await vrrp.node('node1').start();
    t.is(await keepalivedPid(vrrp, 'node1'), pid);
    t.deepEqual(await vrrp.holders(), before);
    process.kill(pid, 'SIGKILL');
    await waitUntil('another keepalived', async () => {
      const next = await keepalivedPid(vrrp, 'node1').catch(() => pid);
      return next === pid ? undefined : next;
    });
    await vrrp.waitForHolders((holders) => vips.every((each) => holders[each]?.join() === before[each]?.join()));
    const result = await load.stop();
    t.log(`${result.requests} requests, ${result.failed} failed, the slowest took ${result.slowestMs} ms`);
    t.like(result, { failed: 0 });
  },
);

async function keepalivedPid(vrrp: VrrpCluster, name: string): Promise<number> {
  const file = `${vrrp.lab.directory}/${name}/keepalived/keepalived.pid`;
  return Number(await vrrp.lab.host(name).output('cat', [file]));
}
