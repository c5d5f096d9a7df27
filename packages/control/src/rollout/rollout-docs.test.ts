import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '@weir/errors/test-support';
import test from 'ava';
import { FakeNode } from '../test-support/fake-nodes.js';
import { RolloutCluster } from '../test-support/rollout-cluster.js';

const docs = readFileSync(fileURLToPath(new URL('../../../../docs/operations.md', import.meta.url)), 'utf8');
const scripts = [...docs.matchAll(/```sh\n(.*?)```/gs)]
  .map(([, script]) => script as string)
  .filter((script) => script.startsWith('etcdctl '));

test('the rollouts of docs/operations.md can begin as they stand there', async (t) => {
  const names = ['lb1', 'lb2', 'lb3', 'lb4', 'lb5', 'lb6'];
  await using cluster = await RolloutCluster.start(...names.map((name) => new FakeNode(name)));
  cluster.startDriver();
  await cluster.put('services/web', { vip: '198.51.100.10', port: 80, pinning: {} });
  await cluster.put('backends/web/blue1', { address: '10.0.0.21' });
  const { host, port } = cluster.server.endpoint;
  const env = { ...process.env, ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: `${host}:${port}` };
  t.is(scripts.length, 9);
  for (const script of scripts) {
    await promisify(execFile)('bash', ['-euc', script], { env });
    const [, name] = /put \/weir\/v1\/main\/rollouts\/(\S+)/.exec(script) ?? [];
    if (name === undefined) continue;
    const status = await eventually(name, () => cluster.status(name));
    t.not(status.state, 'failed', status.reason);
    // The next one may be of the same nodes.
    await cluster.server.etcdctl('del', `/weir/v1/main/rollouts/${name}`);
    await eventually('its end', async () => (await cluster.get('rollout-status/')).size === 0);
  }
});
