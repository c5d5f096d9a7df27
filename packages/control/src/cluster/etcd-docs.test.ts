import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '@weir/errors/test-support';
import test from 'ava';
import { EtcdServer } from '../test-support/etcd-server.js';
import { nodeRecord, openSource } from '../test-support/open-source.js';

const docs = readFileSync(fileURLToPath(new URL('../../../../docs/etcd.md', import.meta.url)), 'utf8');
const scripts = [...docs.matchAll(/```sh\n(.*?)```/gs)].map(([, script]) => script as string);

test('the examples of docs/etcd.md do what they say', async (t) => {
  await using server = await EtcdServer.start();
  const { host, port } = server.endpoint;
  const env = { ...process.env, ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: `${host}:${port}` };
  const run = async (script: string | undefined) =>
    (await promisify(execFile)('bash', ['-euc', script as string], { env })).stdout;
  await using opened = await openSource({ endpoints: [server.endpoint] });
  await using _registration = opened.source.register(() => nodeRecord('lb1', 'a'));
  const [service, withoutNew, drained, guard, listed, user, ...others] = scripts;
  t.is(others.length, 0);

  await run(service);
  await opened.until('10.0.0.21 10.0.0.22');
  const [put, del] = lines(withoutNew);
  await run(put);
  await eventually('weight 0', () => opened.config.services[0]?.backends[0]?.weight === 0);
  await run(del);
  await opened.until('10.0.0.22');
  const [drain, undrain] = lines(drained);
  await run(drain);
  await eventually('draining', () => opened.config.node.wantedState === 'draining');
  await run(undrain);
  await eventually('active', () => opened.config.node.wantedState === 'active');
  await run(guard);
  await eventually('the guard', () => opened.config.guard.deny.includes('192.0.2.0/24'));
  await eventually('the node', async () => (await run(listed)).includes('/weir/v1/main/nodes/lb1'));
  await run(user);
  t.deepEqual(opened.log.lines, []);
});

function lines(script: string | undefined): string[] {
  return (script ?? '').trim().split('\n');
}
