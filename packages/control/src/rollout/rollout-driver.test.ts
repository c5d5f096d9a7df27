import { eventually } from '@weir/errors/test-support';
import test from 'ava';
import { FakeNode } from '../test-support/fake-nodes.js';
import { startCandidate } from '../test-support/rollout-candidate.js';
import { RolloutCluster } from '../test-support/rollout-cluster.js';
import { deleteRollout, listRollouts, setRolloutWish, startRollout } from './rollout-client.js';
import type { RolloutStatus } from './rollout-status.js';
import { watchRollout } from './watch-rollout.js';

/** Traffic is not looked at where a test is of something else. */
const quick = { checkFor: '0s' };

test('nodes are restarted one after the other, each drained before and active after, and each once', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2'), new FakeNode('lb3')];
  await using cluster = await RolloutCluster.start(...nodes);
  cluster.startDriver();
  await startRollout(cluster.config, 'again', { kind: 'restart-nodes', nodes: 'all', ...quick });
  const states: string[] = [];
  for await (const status of watchRollout(cluster.config, 'again', AbortSignal.timeout(60_000))) {
    states.push(status.state);
    t.true(status.steps.filter(({ stage }) => stage !== 'pending' && stage !== 'done').length <= 1);
  }
  t.is(states.at(-1), 'done');
  for (const { history } of nodes) t.deepEqual(history, ['active 1', 'draining 1', 'draining 2', 'active 2']);
  t.is((await cluster.get('node-states/')).size, 0);
  await cluster.log.until(/step 3 of 3: restart nodes\/lb3 is done/);
});

test('a drain waits for connections, and goes on at its limit', async (t) => {
  const [first, second, third] = [new FakeNode('lb1'), new FakeNode('lb2'), new FakeNode('lb3')];
  first.connections = 7;
  second.connections = 5;
  await using cluster = await RolloutCluster.start(first, second, third);
  cluster.startDriver();
  await startRollout(cluster.config, 'slow', { kind: 'drain-nodes', nodes: ['lb1'], ...quick });
  await eventually('7 connections', async () =>
    /7 connections left/.test((await cluster.status('slow'))?.waiting ?? ''),
  );
  first.connections = 0;
  await cluster.until('slow', 'done');
  t.deepEqual([first.state, second.state], ['draining', 'active']);

  const limited = { kind: 'drain-nodes', nodes: ['lb2'], drainTimeout: '100ms', ...quick };
  await startRollout(cluster.config, 'limited', limited);
  await cluster.until('limited', 'done');
  await cluster.log.until(/warn: rollout limited: lb2 has 5 connections left after 0.1 s, the limit; goes on/);
});

test('the next leader goes on where the former stopped, and does no step twice', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2'), new FakeNode('lb3')];
  (nodes[1] as FakeNode).connections = 3;
  await using cluster = await RolloutCluster.start(...nodes);
  const former = cluster.startDriver('lb1');
  await eventually('a leader', () => former.isLeader);
  const next = cluster.startDriver('lb2');
  await startRollout(cluster.config, 'again', { kind: 'restart-nodes', nodes: 'all', ...quick });
  await eventually('the second step', async () => (await cluster.status('again'))?.steps[1]?.stage === 'draining');
  t.is((await cluster.status('again'))?.leader, 'lb1');
  t.false(next.isLeader);
  // As if it had died: its lease is gone, and it does not know.
  const leases = (await cluster.server.etcdctl('lease', 'list')).trim().split('\n').slice(1);
  for (const lease of leases) {
    const held = await cluster.server.etcdctl('lease', 'timetolive', '--keys', lease);
    if (held.includes('rollout-leader')) await cluster.server.etcdctl('lease', 'revoke', lease);
  }
  await former[Symbol.asyncDispose]();
  await eventually('the next leader', () => next.isLeader);
  (nodes[1] as FakeNode).connections = 0;
  t.is((await cluster.until('again', 'done')).leader, 'lb2');
  for (const { history } of nodes) t.deepEqual(history, ['active 1', 'draining 1', 'draining 2', 'active 2']);
});

test('a leader whose process stands still is followed by another, and does nothing when it wakes', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2'), new FakeNode('lb3')];
  (nodes[0] as FakeNode).connections = 3;
  await using cluster = await RolloutCluster.start(...nodes);
  await using candidate = startCandidate(cluster.config, 'asleep');
  await eventually('its lead', async () => (await cluster.get('rollout-leader')).size === 1);
  await startRollout(cluster.config, 'again', { kind: 'restart-nodes', nodes: 'all', ...quick });
  await eventually('a drain', async () => (await cluster.status('again'))?.steps[0]?.stage === 'draining');
  t.is((await cluster.status('again'))?.leader, 'asleep');
  candidate.signal('SIGSTOP');
  const next = cluster.startDriver('lb2');
  await eventually('the next leader', () => next.isLeader);
  (nodes[0] as FakeNode).connections = 0;
  await eventually('a step', async () => (await cluster.status('again'))?.steps[0]?.stage === 'done');
  candidate.signal('SIGCONT');
  t.is((await cluster.until('again', 'done')).leader, 'lb2');
  for (const { history } of nodes) t.deepEqual(history, ['active 1', 'draining 1', 'draining 2', 'active 2']);
});

test('a leader whose process is killed is followed by another', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2')];
  (nodes[0] as FakeNode).connections = 3;
  await using cluster = await RolloutCluster.start(...nodes);
  await using candidate = startCandidate(cluster.config, 'killed');
  await eventually('its lead', async () => (await cluster.get('rollout-leader')).size === 1);
  await startRollout(cluster.config, 'again', { kind: 'restart-nodes', nodes: 'all', ...quick });
  await eventually('a drain', async () => (await cluster.status('again'))?.steps[0]?.stage === 'draining');
  candidate.signal('SIGKILL');
  (nodes[0] as FakeNode).connections = 0;
  cluster.startDriver('lb2');
  t.is((await cluster.until('again', 'done')).leader, 'lb2');
  for (const { history } of nodes) t.deepEqual(history, ['active 1', 'draining 1', 'draining 2', 'active 2']);
});

test('an etcd that is away in the middle of a step is waited for', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2')];
  (nodes[0] as FakeNode).connections = 3;
  await using cluster = await RolloutCluster.start(...nodes);
  cluster.startDriver();
  await startRollout(cluster.config, 'again', { kind: 'restart-nodes', nodes: 'all', ...quick });
  await eventually('a drain', async () => (await cluster.status('again'))?.steps[0]?.stage === 'draining');
  await cluster.server.kill();
  await cluster.log.until(/rollouts wait: etcd at/);
  (nodes[0] as FakeNode).connections = 0;
  await cluster.server.start();
  await cluster.until('again', 'done');
  for (const { history } of nodes) t.deepEqual(history, ['active 1', 'draining 1', 'draining 2', 'active 2']);
});

test('a wish pauses a rollout, lets it go on, or brings everything back', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2'), new FakeNode('lb3')];
  (nodes[1] as FakeNode).connections = 3;
  await using cluster = await RolloutCluster.start(...nodes);
  cluster.startDriver();
  await cluster.put('node-states/lb1', { state: 'active' });
  await startRollout(cluster.config, 'less', { kind: 'drain-nodes', nodes: ['lb1', 'lb2'], ...quick });
  await eventually('the second step', async () => (await cluster.status('less'))?.steps[1]?.stage === 'draining');
  await setRolloutWish(cluster.config, 'less', 'pause');
  t.is((await cluster.until('less', 'paused')).reason, 'as wished');
  await setRolloutWish(cluster.config, 'less', 'run');
  await cluster.until('less', 'running');
  await setRolloutWish(cluster.config, 'less', 'abort');
  const { steps } = await cluster.until('less', 'aborted');
  t.deepEqual(
    steps.map(({ stage }) => stage),
    ['undone', 'undone'],
  );
  t.deepEqual(await cluster.get('node-states/'), new Map([['node-states/lb1', '{"state":"active"}']]));
  t.deepEqual(
    nodes.map(({ state }) => state),
    ['active', 'active', 'active'],
  );
});

test('errors that rise pause a rollout with the reason, and it goes on when wished again', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2')];
  await using cluster = await RolloutCluster.start(...nodes);
  (nodes[0] as FakeNode).connections = 1;
  cluster.startDriver();
  await startRollout(cluster.config, 'again', { kind: 'restart-nodes', nodes: ['lb1'], checkFor: '4s' });
  await eventually('a drain', async () => (await cluster.status('again'))?.steps[0]?.stage === 'draining');
  for (const node of nodes) node.errorsPerTick = 20;
  (nodes[0] as FakeNode).connections = 0;
  const { reason } = await cluster.until('again', 'paused');
  t.regex(reason ?? '', /^errors have risen from 0\.0 to \d+ a second; errorBudget is 1$/);
  await cluster.log.until(/error: rollout again is paused: errors have risen/);
  for (const node of nodes) node.errorsPerTick = 0;
  await setRolloutWish(cluster.config, 'again', 'run');
  await cluster.until('again', 'done');
});

for (const [end, finish] of [
  ['done', async () => {}],
  ['aborted', ({ config }: RolloutCluster) => setRolloutWish(config, 'again', 'abort')],
] as const) {
  test(`what an operator has written of a node meanwhile stays when the rollout is ${end}`, async (t) => {
    const nodes = [new FakeNode('lb1'), new FakeNode('lb2')] as const;
    nodes[0].connections = 3;
    await using cluster = await RolloutCluster.start(...nodes);
    cluster.startDriver();
    await startRollout(cluster.config, 'again', { kind: 'upgrade-nodes', nodes: ['lb1'], version: '2.0', ...quick });
    await eventually('a drain', async () => (await cluster.status('again'))?.steps[0]?.connections === 3);
    if (end === 'done') {
      nodes[0].connections = 0;
      await eventually('installing', async () => (await cluster.status('again'))?.steps[0]?.stage === 'installing');
    }
    await cluster.put('node-states/lb1', { state: 'draining' });
    nodes[0].version = '2.0';
    nodes[0].life += 1;
    await finish(cluster);
    await cluster.until('again', end);
    t.is((await cluster.get('node-states/')).get('node-states/lb1'), '{"state":"draining"}');
    await cluster.log.until(
      /warn: rollout again: node-states\/lb1 says .*, which this rollout has not written; it stays/,
    );
  });
}

test('an upgraded node is active again once it has come back with its version', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2', '2.0')];
  await using cluster = await RolloutCluster.start(...nodes);
  cluster.startDriver();
  await startRollout(cluster.config, 'to-2', { kind: 'upgrade-nodes', nodes: 'all', version: '2.0', ...quick });
  const why = 'lb1 is drained and has version 1.0; install 2.0 and restart it';
  await eventually('installing', async () => (await cluster.status('to-2'))?.waiting === why);
  const [first, second] = nodes as [FakeNode, FakeNode];
  first.version = '2.0';
  first.life += 1;
  await cluster.until('to-2', 'done');
  t.deepEqual(first.history, ['active 1', 'draining 1', 'draining 2', 'active 2']);
  t.deepEqual(second.history, ['active 1']);
});

test('a node that is restarted drains and fills in the table of nodes too, where etcd has it', async (t) => {
  const node = new FakeNode('lb1');
  node.connections = 1;
  await using cluster = await RolloutCluster.start(node, new FakeNode('lb2'));
  cluster.startDriver();
  const table = (state?: string) => ({
    choices: 3,
    members: [
      { name: 'lb1', address: '10.0.0.11', ...(state && { state }) },
      { name: 'lb2', address: '10.0.0.12', state: 'active' },
    ],
  });
  const written = async () => JSON.parse((await cluster.get('settings/nodes')).get('settings/nodes') as string);
  await cluster.put('settings/nodes', table());
  const document = { kind: 'restart-nodes', nodes: ['lb1'], ...quick };
  await startRollout(cluster.config, 'again', { ...document, fillFor: '1h' });
  await eventually('a drain', async () => (await cluster.status('again'))?.steps[0]?.connections === 1);
  t.deepEqual(await written(), table('draining'));
  node.connections = 0;
  await eventually('filling', async () => (await cluster.status('again'))?.steps[0]?.stage === 'filling');
  t.deepEqual(await written(), table('filling'));
  await cluster.put('rollouts/again', { ...document, fillFor: '0s' });
  await cluster.until('again', 'done');
  t.deepEqual(await written(), table('active'));
});

test('backends are replaced: new ones join, old ones are emptied and then removed', async (t) => {
  await using cluster = await RolloutCluster.start(new FakeNode('lb1'));
  const driver = cluster.startDriver();
  await cluster.put('services/web', { vip: '198.51.100.10', port: 80, method: 'nat' });
  await cluster.put('backends/web/old1', { address: '10.0.0.21' });
  await cluster.put('backends/web/old2', { address: '10.0.0.22', weight: 3 });
  cluster.fakes.backendConnections.set('web/old1', 4);
  const backends = { new1: { address: '10.0.0.31' }, new2: { address: '10.0.0.32', weight: 3 } };
  await startRollout(cluster.config, 'next', { kind: 'replace-backends', service: 'web', backends, ...quick });
  await eventually('a drain', async () =>
    /web\/old1 has 4 connections left/.test((await cluster.status('next'))?.waiting ?? ''),
  );
  t.deepEqual(driver.followedBackends, ['web/old1']);
  const during = await cluster.get('backends/web/');
  t.is(during.get('backends/web/old1'), '{"address":"10.0.0.21","weight":0}');
  t.is(during.get('backends/web/new2'), '{"address":"10.0.0.32","weight":3}');
  cluster.fakes.backendConnections.clear();
  await cluster.until('next', 'done');
  t.deepEqual([...(await cluster.get('backends/web/')).keys()], ['backends/web/new1', 'backends/web/new2']);
});

test('connections that nobody knows of are waited for until the limit, unless they may break', async (t) => {
  await using cluster = await RolloutCluster.start(new FakeNode('lb1'));
  cluster.startDriver();
  await cluster.put('services/web', { vip: '198.51.100.10', port: 80, method: 'gue', secondChance: {} });
  await cluster.put('backends/web/old1', { address: '10.0.0.21' });
  cluster.fakes.backendConnections.set('web/old1', undefined);
  const backends = { new1: { address: '10.0.0.31' } };
  const document = { kind: 'replace-backends', service: 'web', backends, fillFor: '0s', ...quick };
  await startRollout(cluster.config, 'next', document);
  await eventually('a drain', async () =>
    /not all nodes know how many connections/.test((await cluster.status('next'))?.waiting ?? ''),
  );
  t.true((await cluster.get('backends/web/')).has('backends/web/old1'));
  await cluster.put('rollouts/next', { ...document, mayBreakConnections: true });
  await cluster.until('next', 'done');
  t.false((await cluster.get('backends/web/')).has('backends/web/old1'));
});

test('an aborted replacement brings the former backends back before the new ones leave', async (t) => {
  await using cluster = await RolloutCluster.start(new FakeNode('lb1'));
  cluster.startDriver();
  const service = { vip: '198.51.100.10', port: 80, method: 'gue', secondChance: { choices: 3 } };
  await cluster.put('services/web', service);
  await cluster.put('backends/web/old1', { address: '10.0.0.21' });
  cluster.fakes.backendConnections.set('web/old1', 4);
  const backends = { new1: { address: '10.0.0.31' } };
  const document = { kind: 'replace-backends', service: 'web', backends, fillFor: '100ms', ...quick };
  await startRollout(cluster.config, 'next', document);
  await eventually('a drain', async () =>
    /web\/old1 has 4 connections left/.test((await cluster.status('next'))?.waiting ?? ''),
  );
  t.is((await cluster.get('backends/web/old1')).get('backends/web/old1'), '{"address":"10.0.0.21","state":"draining"}');
  cluster.fakes.backendConnections.set('web/new1', 2);
  await setRolloutWish(cluster.config, 'next', 'abort');
  await eventually('the new one to be emptied', async () =>
    /web\/new1 has 2 connections left/.test((await cluster.status('next'))?.waiting ?? ''),
  );
  // Whatever is written now, what began to be put back is put back.
  await cluster.put('rollouts/next', { kind: 'replace-backend' });
  await eventually('the problem', async () =>
    /^rollouts\/next: kind: .*; goes on with default limits$/.test((await cluster.status('next'))?.reason ?? ''),
  );
  cluster.fakes.backendConnections.clear();
  await cluster.until('next', 'aborted');
  t.deepEqual(await cluster.get('backends/web/'), new Map([['backends/web/old1', '{"address":"10.0.0.21"}']]));
});

test('fields that a newer version has written into a status are kept', async (t) => {
  const node = new FakeNode('lb1');
  node.connections = 1;
  await using cluster = await RolloutCluster.start(node, new FakeNode('lb2'));
  const former = cluster.startDriver();
  await startRollout(cluster.config, 'less', { kind: 'drain-nodes', nodes: ['lb1'], ...quick });
  await eventually('a drain', async () => (await cluster.status('less'))?.steps[0]?.connections === 1);
  await former[Symbol.asyncDispose]();
  const status = (await cluster.status('less')) as RolloutStatus;
  const newer = { ...status, mood: 'calm', steps: status.steps.map((step) => ({ ...step, pace: 7 })) };
  await cluster.put('rollout-status/less', newer);
  cluster.startDriver('lb2');
  node.connections = 0;
  await cluster.until('less', 'done');
  const kept = JSON.parse((await cluster.get('rollout-status/')).get('rollout-status/less') as string);
  t.like(kept, { leader: 'lb2', mood: 'calm', steps: [{ pace: 7, former: null, stage: 'done' }] });
});

for (const [what, damage] of [
  ['says what no version that runs knows', (text: string) => text.replace('"draining"', '"floating"')],
  ['is damaged', (text: string) => text.slice(0, -1)],
] as const) {
  test(`a rollout whose status ${what} stands still and is not begun anew`, async (t) => {
    const node = new FakeNode('lb1');
    node.connections = 1;
    await using cluster = await RolloutCluster.start(node, new FakeNode('lb2'), new FakeNode('lb3'));
    const former = cluster.startDriver();
    await startRollout(cluster.config, 'less', { kind: 'drain-nodes', nodes: ['lb1'], ...quick });
    await eventually('a drain', async () => (await cluster.status('less'))?.steps[0]?.stage === 'draining');
    await former[Symbol.asyncDispose]();
    const key = 'rollout-status/less';
    const text = damage((await cluster.get(key)).get(key) as string);
    await cluster.server.etcdctl('put', `/weir/v1/main/${key}`, text);
    cluster.startDriver('lb2');
    await cluster.log.until(/error: rollout less stands still: rollout-status\/less: /);
    const other = startRollout(cluster.config, 'other', { kind: 'restart-nodes', nodes: ['lb3'] });
    await t.throwsAsync(other, { code: 'ROLLOUT_CONFLICT', message: /what the rollout less has changed is not known/ });
    await t.throwsAsync(deleteRollout(cluster.config, 'less'), { message: /less is not understood: / });
    t.is((await cluster.get(key)).get(key), text);
    t.like((await listRollouts(cluster.config))[0], { name: 'less', status: undefined });
  });
}
