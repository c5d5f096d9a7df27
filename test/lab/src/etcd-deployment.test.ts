import { startEtcd, startEtcdCluster } from './etcd-deployment.js';
import { Lab } from './lab.js';
import { testAsRoot } from './needs-root.js';
import { pair } from './pair-topology.fixture.js';
import { waitUntil } from './wait-until.js';

testAsRoot('an etcd answers other hosts on both families, and has all again after it was killed', async (t) => {
  await using lab = await Lab.start(pair);
  const etcd = await startEtcd(lab.host('right'));
  await etcd.put('services/web', { port: 80 });
  for (const family of ['ipv4', 'ipv6'] as const) {
    const address = lab.host('right').address(family);
    const endpoint = `--endpoints=${family === 'ipv6' ? `[${address}]` : address}:2379`;
    const found = await lab
      .host('left')
      .output('etcdctl', [endpoint, 'get', '--print-value-only', '/weir/v1/lab/services/web']);
    t.is(found, '{"port":80}\n');
  }
  const [server] = etcd.servers;
  await server?.kill();
  await server?.start();
  t.deepEqual(await etcd.get('services/web'), { port: 80 });
  await etcd.delete('services/web');
  t.is(await etcd.get('services/web'), undefined);
});

testAsRoot('a key goes with its lease', async (t) => {
  await using lab = await Lab.start(pair);
  const etcd = await startEtcd(lab.host('right'));
  const lease = await etcd.grantLease(60);
  await etcd.put('backends/web/one', {}, { lease });
  t.deepEqual(await etcd.get('backends/web/one'), {});
  await etcd.revokeLease(lease);
  await waitUntil('the key to be gone', async () => (await etcd.get('backends/web/one')) === undefined || undefined);
});

testAsRoot('an etcd of three goes on with another leader when theirs is killed', async (t) => {
  await using lab = await Lab.start(pair);
  const etcd = await startEtcdCluster(lab.host('right'));
  await etcd.put('services/web', { port: 80 });
  const leader = await etcd.leader();
  await leader.kill();
  const next = await waitUntil('another leader', () => etcd.leader().catch(() => undefined));
  t.not(next, leader);
  await etcd.put('services/web', { port: 81 });
  t.deepEqual(await etcd.get('services/web'), { port: 81 });
});
