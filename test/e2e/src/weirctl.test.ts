import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { CheckedConnections, startCheckedServer, WeirCluster, waitUntil } from '@weir/lab';
import test from 'ava';
import { inForce, nodeOf, whoAnswers } from './etcd-cluster.js';
import { testAsRoot } from './test-as-root.js';

const WEIRCTL = fileURLToPath(import.meta.resolve('@weir/weirctl/bin/weirctl.js'));
/** Of a service that weirctl brings in. */
const SHOP_VIP = '198.51.100.20';
const CONNECTIONS = 30;
const TRACED_PORTS = [40_001, 40_002, 40_003];
const ALL = ['backend1', 'backend2', 'backend3'];

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() !== 0) return;
  // The agents of backends take packets of this VIP alone, so that it is there from the start.
  weir = await WeirCluster.start({
    nodes: 2,
    backends: 3,
    etcd: 'single',
    moreVips: () => [SHOP_VIP],
    beforeNodes: (etcd, { backends: [{ ipv4: address } = { ipv4: '' }] }) =>
      etcd.put('services/former', { vip: SHOP_VIP, port: 80, method: 'ipip', backends: [{ address }] }),
  });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs weirctl at the socket of a node; the hosts of a lab share one file system. */
async function run(node: string, line: string, input = ''): Promise<Run> {
  const socket = join(String(nodeOf(weir, node).document.runtimeDirectory), 'admin.sock');
  const env = { ...process.env, WEIR_ADDRESS: `unix:${socket}` };
  const child = spawn(process.execPath, [WEIRCTL, ...line.split(' ')], { env });
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  child.stdin.end(input);
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { status, stdout, stderr };
}

/** @returns what it printed @throws Error with what it complained of */
async function weirctl(node: string, line: string, input = ''): Promise<string> {
  const { status, stdout, stderr } = await run(node, line, input);
  if (status !== 0) throw new Error(`weirctl ${line} ended with ${status}: ${stderr}`);
  return stdout;
}

async function values<Answer>(node: string, line: string): Promise<Answer> {
  return JSON.parse(await weirctl(node, `${line} -o json`)) as Answer;
}

/** A services file. By `mh` the tables alone say where a connection goes; by `wlc` nodes remember all that they have. */
function shopFile(scheduler: 'mh' | 'wlc'): string {
  const backends = weir.cluster.backends.map(({ name, ipv4 }) => ({ name, address: ipv4 }));
  return JSON.stringify({
    services: [{ name: 'shop', vip: SHOP_VIP, port: 'all', method: 'ipip', scheduler, backends }],
  });
}

testAsRoot(
  'a service that is applied on one node is announced by all and serves; diff then finds nothing',
  async (t) => {
    await weirctl('node2', 'delete service former');
    await weir.waitForRoutes(SHOP_VIP, 0);
    const file = shopFile('mh');
    const different = await run('node1', 'diff -f -', file);
    t.deepEqual([different.status, different.stdout], [1, '+ service shop\n']);
    t.is(await weirctl('node1', 'apply -f - --dry-run', file), '+ service shop\n1 service would change\n');
    t.is((await run('node1', 'services shop')).status, 1);

    t.is(await weirctl('node1', 'apply -f -', file), '+ service shop\n1 service changed\n');
    await weir.waitForRoutes(SHOP_VIP, 2);
    t.deepEqual(await whoAnswers(weir, SHOP_VIP), [0, ALL]);
    for (const node of ['node1', 'node2']) t.is(await weirctl(node, 'diff -f -', file), 'no difference\n');

    const { status, stderr } = await run('node2', 'apply -f -', file.replace('"ipip"', '"gre","rows":7'));
    t.is(status, 78);
    t.regex(stderr, /rows/);
  },
);

testAsRoot('nodes, their status, services, backends, announcements and tables agree', async (t) => {
  const { nodes } = await values<{ nodes: { name: string; state: string; isThis?: boolean }[] }>('node2', 'nodes');
  t.deepEqual(
    nodes.map(({ name, isThis = false }) => [name, isThis]),
    [
      ['node1', false],
      ['node2', true],
    ],
  );
  const text = await weirctl('node1', 'status');
  t.regex(text, /^Backends: +(\d+) of \1 usable$/m);
  t.regex(text, /^BGP: +1 of 1 sessions established/m);
  t.regex(text, /^etcd: +connected/m);
  t.regex(text, /^Troubles: +none$/m);
  t.regex(
    await weirctl('node1', 'services'),
    /^shop +198\.51\.100\.20:all\/tcp.* ipip +mh +3\/3 +198\.51\.100\.20\/32 +etcd/m,
  );
  t.regex(await weirctl('node1', 'bgp'), /^198\.51\.100\.20\/32 +yes +shop/m);
  const tables = await Promise.all(['node1', 'node2'].map((node) => weirctl(node, 'director tables shop')));
  t.is(tables[0], tables[1]);
});

testAsRoot('a trace names the backend that a connection from that port then gets', async (t) => {
  const client = weir.lab.host('client');
  const source = client.address('ipv4');
  for (const port of TRACED_PORTS) {
    const traces = await Promise.all(
      ['node1', 'node2'].map((node) => weirctl(node, `trace ${source}:${port} ${SHOP_VIP}:80/tcp`)),
    );
    const page = await client.output('curl', ['-s', '--local-port', String(port), weir.url(SHOP_VIP)]);
    const answered = weir.cluster.backends.find(({ name }) => page.includes(name));
    for (const trace of traces) t.true(trace.includes(`ipip to ${answered?.ipv4}\n`), `${page}${trace}`);
  }
});

testAsRoot('a backend drains without a broken connection, and comes back; weight 0 takes it out as well', async (t) => {
  await inForce(weir, async () => {
    t.is(
      await weirctl('node1', 'apply -f -', shopFile('wlc')),
      'service shop\n  ~ scheduler: "mh" -> "wlc"\n1 service changed\n',
    );
  });
  const servers = await Promise.all(ALL.map((name) => startCheckedServer(weir.lab.host(name))));
  const connections = await CheckedConnections.open(weir.lab.host('client'), { address: SHOP_VIP, count: CONNECTIONS });
  t.true((connections.backends.backend1 ?? 0) > 0);
  const counts = ['node1', 'node2'].map((node) => values<{ flows: string }>(node, 'flows --service shop --count'));
  t.true((await Promise.all(counts)).reduce((sum, { flows }) => sum + Number(flows), 0) >= CONNECTIONS);

  const tooShort = await run('node2', 'drain backend shop backend1 --limit 1s');
  t.is(tooShort.status, 1);
  t.regex(tooShort.stderr, /backend1 of shop still has \d+ connections; it goes on draining/);
  await waitUntil('backend1 to be out', async () => (await whoAnswers(weir, SHOP_VIP))[1].length === 2 || undefined);
  t.deepEqual(await whoAnswers(weir, SHOP_VIP), [0, ['backend2', 'backend3']]);
  await connections.mark();
  await connections.roundTrip();
  t.deepEqual(connections.lost, []);
  t.true(servers.every(({ mismatches }) => mismatches.length === 0));

  await connections.close();
  t.is(await weirctl('node1', 'drain backend shop backend1 --limit 30s'), 'backend1 of shop is drained\n');
  await weirctl('node1', 'undrain backend shop backend1');
  await waitUntil(
    'backend1 to serve again',
    async () => (await whoAnswers(weir, SHOP_VIP))[1].length === 3 || undefined,
  );
  await weirctl('node1', 'weight shop backend3 0');
  await waitUntil('backend3 to be out', async () => (await whoAnswers(weir, SHOP_VIP))[1].length === 2 || undefined);
  await weirctl('node2', 'weight shop backend3 1');
  await waitUntil(
    'backend3 to serve again',
    async () => (await whoAnswers(weir, SHOP_VIP))[1].length === 3 || undefined,
  );
});

testAsRoot('a rollout drains a node and another one activates it, with no request failed', async (t) => {
  // What a node alone remembers would not go on by the other one.
  await inForce(weir, () => weirctl('node1', 'apply -f -', shopFile('mh')));
  const load = weir.load({ url: weir.url(SHOP_VIP), requestsPerSecond: 30 });
  await load.nextResult();
  const rollout = (kind: string) => JSON.stringify({ kind, nodes: ['node2'], checkFor: '4s', drainTimeout: '2s' });
  t.regex(await weirctl('node1', 'rollout plan out -f -', rollout('drain-nodes')), /drain.*node2/);
  const out = await weirctl('node1', 'rollout start out -f -', rollout('drain-nodes'));
  t.regex(out, /^rollout out has begun\n\[1\/1\] [^\n]*node2: [\s\S]*rollout out is done/);
  await weir.waitForRoutes(SHOP_VIP, 1);
  await weirctl('node1', 'rollout start back -f - --no-watch', rollout('activate-nodes'));
  t.regex(await weirctl('node2', 'rollout watch back'), /rollout back is done/);
  await weir.waitForRoutes(SHOP_VIP, 2);
  t.regex(await weirctl('node2', 'rollout status'), /^back +done +1\/1/m);
  t.is((await load.stop()).failed, 0);
  await weirctl('node2', 'rollout delete back');
});

testAsRoot(
  'an override withdraws a VIP of a node and brings it back; a service that is deleted is gone on all',
  async (t) => {
    t.regex(await weirctl('node1', `bgp override ${SHOP_VIP} off`), /off, not announced/);
    await weir.waitForRoutes(SHOP_VIP, 1);
    t.is(await weirctl('node1', `bgp override ${SHOP_VIP} auto`), `${SHOP_VIP}/32: auto, announced\n`);
    await weir.waitForRoutes(SHOP_VIP, 2);
    await weirctl('node2', 'delete service shop');
    await weir.waitForRoutes(SHOP_VIP, 0);
    t.is((await run('node1', 'delete service shop')).status, 1);
  },
);
