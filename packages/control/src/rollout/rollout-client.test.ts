import { eventually } from '@weir/errors/test-support';
import test from 'ava';
import { EtcdServer } from '../test-support/etcd-server.js';
import { FakeNode } from '../test-support/fake-nodes.js';
import { RolloutCluster } from '../test-support/rollout-cluster.js';
import { deleteRollout, listRollouts, planRollout, setRolloutWish, startRollout } from './rollout-client.js';
import { commitIf, connectAnyMember } from './rollout-etcd.js';
import { RolloutLeadership } from './rollout-leadership.js';
import { watchRollout } from './watch-rollout.js';

const drain = (...nodes: string[]) => ({ kind: 'drain-nodes', nodes, checkFor: '0s' });

test('a plan says what would be done, and does nothing', async (t) => {
  await using cluster = await RolloutCluster.start(new FakeNode('lb1'), new FakeNode('lb2'));
  await cluster.put('settings/nodes', { choices: 4, members: [{ name: 'lb1', address: '10.0.0.11' }] });
  t.deepEqual(
    await planRollout(cluster.config, { kind: 'restart-nodes', nodes: ['lb2', 'lb1'], maxAtOnce: 'choices' }),
    {
      steps: [
        { id: '1', target: 'nodes/lb2', change: 'restart' },
        { id: '2', target: 'nodes/lb1', change: 'restart' },
      ],
      atOnce: 3,
      nodes: ['lb1', 'lb2'],
      troubles: [],
    },
  );
  t.deepEqual(await listRollouts(cluster.config), []);
});

test('a plan says that its name is taken', async (t) => {
  await using cluster = await RolloutCluster.start(new FakeNode('lb1'), new FakeNode('lb2'));
  await startRollout(cluster.config, 'tonight', drain('lb1'));
  t.deepEqual((await planRollout(cluster.config, drain('lb2'), 'tomorrow')).troubles, []);
  const { troubles } = await planRollout(cluster.config, drain('lb2'), 'tonight');
  t.deepEqual(troubles, ['name: there is a rollout tonight; choose another name, or delete it if it has ended']);
});

test('a rollout that is not right is refused, with field and value', async (t) => {
  await using cluster = await RolloutCluster.start(new FakeNode('lb1'), new FakeNode('lb2'));
  await cluster.put('settings/nodes', { choices: 2, members: [{ name: 'lb1', address: '10.0.0.11' }] });
  await cluster.put('services/web', { vip: '198.51.100.10', port: 80, method: 'nat' });
  await cluster.put('services/own', { vip: '198.51.100.11', port: 80, backends: [{ address: '10.0.0.21' }] });
  await cluster.put('backends/web/old1', { address: '10.0.0.21' });
  const web = (backends: object) => ({ kind: 'replace-backends', service: 'web', backends });
  const cases: [object, RegExp][] = [
    [{ kind: 'reboot' }, /^kind: /],
    [{ ...drain('lb1'), maxAtOnce: 0 }, /^maxAtOnce: /],
    [{ ...drain('lb1'), checkFor: '1s' }, /^checkFor: "1s" is less than 2s/],
    [{ ...drain('lb1'), drainTimout: '5m' }, /drainTimout.*drainTimeout/],
    [drain('lb1', 'lb1'), /^nodes: .*names a node twice/],
    [drain('lb1', 'lb9'), /^nodes\[1\]: "lb9" is not registered; registered are: lb1, lb2$/],
    [drain('lb1', 'lb2'), /^nodes: \["lb1","lb2"\] would leave no active node/],
    [
      { ...drain('lb1'), maxAtOnce: 2 },
      /^maxAtOnce: 2 is more than rows with 2 choices \(settings\/nodes\) can stand; at most 1$/,
    ],
    [
      { ...web({ new1: { address: '10.0.0.31' } }), maxAtOnce: 'choices' },
      /^maxAtOnce: "choices" needs services\/web: secondChance/,
    ],
    [web({ new1: { address: '10.0.0' } }), /^backends\.new1\.address: "10\.0\.0" is not an IP address/],
    [web({ old1: { address: '10.0.0.31' } }), /^backends\.old1\.address: "10\.0\.0\.31" is another address/],
    [web({}), /^backends: .*names no backend/],
    [
      { ...web({ new1: { address: '10.0.0.31' } }), service: 'mail' },
      /^service: "mail" has neither services\/mail nor/,
    ],
    [
      { ...web({ new1: { address: '10.0.0.31' } }), service: 'own' },
      /^service: "own" has backends in services\/own itself/,
    ],
  ];
  for (const [document, message] of cases) {
    await t.throwsAsync(startRollout(cluster.config, 'it', document), { code: 'ROLLOUT_INVALID', message });
  }
  await t.throwsAsync(startRollout(cluster.config, 'a/b', drain('lb1')), { message: /^name: "a\/b" is not a name/ });
});

test('a backend under a lease is left to its agent', async (t) => {
  await using cluster = await RolloutCluster.start(new FakeNode('lb1'));
  await cluster.put('services/web', { vip: '198.51.100.10', port: 80 });
  const lease = (await cluster.server.etcdctl('lease', 'grant', '60')).split(' ')[1] as string;
  await cluster.server.etcdctl('put', `--lease=${lease}`, '/weir/v1/main/backends/web/web1', '{"address":"10.0.0.21"}');
  const document = { kind: 'replace-backends', service: 'web', backends: { new1: { address: '10.0.0.31' } } };
  await t.throwsAsync(planRollout(cluster.config, document), { message: /^backends: "web1" is kept under a lease/ });
});

test('backends do not leave where that breaks connections, unless that is said', async (t) => {
  await using cluster = await RolloutCluster.start(new FakeNode('lb1'));
  await cluster.put('backends/web/old1', { address: '10.0.0.21' });
  const backends = { new1: { address: '10.0.0.31' } };
  const document = { kind: 'replace-backends', service: 'web', backends };
  const refused = (message: RegExp) => t.throwsAsync(planRollout(cluster.config, document), { message });
  await refused(/^service: "web" is not in etcd, so whether its connections are remembered is not known; /);
  const service = { vip: '198.51.100.10', port: 80 };
  await cluster.put('services/web', service);
  await refused(/^service: "web" has the scheduler mh, with which nobody remembers connections: .*mayBreakConnections/);
  t.is((await planRollout(cluster.config, { ...document, mayBreakConnections: true })).steps.length, 2);
  const more = { ...backends, old1: { address: '10.0.0.21' } };
  t.is((await planRollout(cluster.config, { ...document, backends: more })).steps.length, 1, 'none leaves');
  for (const keeping of [
    { scheduler: 'rr' },
    { method: 'nat' },
    { pinning: {} },
    { persistence: {} },
    { method: 'gue', secondChance: {} },
  ]) {
    await cluster.put('services/web', { ...service, ...keeping });
    t.is((await planRollout(cluster.config, document)).steps.length, 2, JSON.stringify(keeping));
  }
});

test('a second rollout of the same nodes is refused while the first has not ended, and one of others is not', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2'), new FakeNode('lb3')];
  (nodes[0] as FakeNode).connections = 1;
  await using cluster = await RolloutCluster.start(...nodes);
  cluster.startDriver();
  await startRollout(cluster.config, 'first', drain('lb1'));
  const { started } = await cluster.until('first', 'running');
  t.true(Math.abs(Date.parse(started ?? '') - Date.now()) < 60_000, started);
  const second = startRollout(cluster.config, 'second', { kind: 'restart-nodes', nodes: ['lb1', 'lb2'] });
  const message = 'nodes/lb1 is changed by the rollout first, which is running; wait for its end, or abort it';
  await t.throwsAsync(second, { code: 'ROLLOUT_CONFLICT', message });
  t.deepEqual((await planRollout(cluster.config, drain('lb1', 'lb2'), 'second')).troubles, [message]);
  await t.throwsAsync(startRollout(cluster.config, 'first', drain('lb2')), { code: 'ROLLOUT_EXISTS' });
  await t.throwsAsync(deleteRollout(cluster.config, 'first'), {
    code: 'ROLLOUT_STATE',
    message: /first is running; abort/,
  });
  await startRollout(cluster.config, 'other', drain('lb2'));
  await cluster.until('other', 'done');

  // Nobody asks those who write to etcd themselves.
  await cluster.put('rollouts/third', drain('lb1'));
  t.is((await cluster.until('third', 'failed')).reason, message);
});

test('a rollout that has ended is kept until it is deleted, and takes no more wishes', async (t) => {
  await using cluster = await RolloutCluster.start(new FakeNode('lb1'), new FakeNode('lb2'));
  cluster.startDriver();
  await startRollout(cluster.config, 'less', drain('lb1'));
  await cluster.until('less', 'done');
  const late = { code: 'ROLLOUT_STATE', message: 'the rollout less is done; it takes no wish to abort any more' };
  await t.throwsAsync(setRolloutWish(cluster.config, 'less', 'abort'), late);
  await deleteRollout(cluster.config, 'less');
  t.deepEqual(await cluster.get('rollout'), new Map([...(await cluster.get('rollout-leader'))]));
  const unknown = { code: 'ROLLOUT_UNKNOWN', message: 'there is no rollout "less"; there are: none' };
  await t.throwsAsync(setRolloutWish(cluster.config, 'less', 'abort'), unknown);
  await t.throwsAsync(watchRollout(cluster.config, 'less', AbortSignal.timeout(60_000)).next(), unknown);
});

test('what is wrong with a rollout that was put by etcdctl stands in its status, and deleting it deletes that', async (t) => {
  await using cluster = await RolloutCluster.start(new FakeNode('lb1'));
  cluster.startDriver();
  await cluster.put('rollouts/wrong', { kind: 'drain-nodes', nodes: 'some' });
  t.regex((await cluster.until('wrong', 'failed')).reason ?? '', /^nodes: /);
  await cluster.log.until(/error: rollout wrong is failed: nodes: /);
  await cluster.server.etcdctl('del', '/weir/v1/main/rollouts/wrong');
  await eventually('the status to go', async () => (await cluster.get('rollout-status/')).size === 0);
});

test('one that led and does so no more writes nothing', async (t) => {
  await using server = await EtcdServer.start();
  const config = {
    cluster: 'main',
    endpoints: [server.endpoint],
    snapshotFile: '/',
    leaseMs: 10_000,
    timeoutMs: 20_000,
  };
  using connection = await connectAnyMember(config);
  const { client } = connection;
  const [former, next] = [new RolloutLeadership(config, 'lb1'), new RolloutLeadership(config, 'lb2')];
  t.is(await former.step(client), 'lb1');
  t.is(await next.step(client), 'lb1');
  const change = { key: '/weir/v1/main/rollout-status/it', text: '{}' };
  t.true(await commitIf(client, [former.guard], [change]));
  await server.etcdctl('del', '/weir/v1/main/rollout-leader');
  t.is(await next.step(client), 'lb2');
  t.true(former.isLeader, 'it does not know yet');
  t.false(await commitIf(client, [former.guard], [change]));
  t.is(await former.step(client), 'lb1', 'as far as it knows');
  former.doubt();
  t.is(await former.step(client), 'lb2');
});

test('without etcd every member is told of', async (t) => {
  const endpoints = [
    { host: '127.0.0.1', port: 1 },
    { host: '127.0.0.1', port: 2 },
  ];
  const error = await t.throwsAsync(listRollouts({ cluster: 'main', endpoints, timeoutMs: 500 }), {
    code: 'ROLLOUT_NO_ETCD',
  });
  t.regex(error?.message ?? '', /etcd at 127\.0\.0\.1:1 .*; etcd at 127\.0\.0\.1:2 /);
});
