import { eventually } from '@weir/errors/test-support';
import test from 'ava';
import type { EtcdConfig } from '../cluster-config.js';
import { EtcdServer } from '../test-support/etcd-server.js';
import { LogBook } from '../test-support/open-source.js';
import { FakeNode, FakeNodes } from './fake-nodes.fixture.js';
import { listRollouts, setRolloutWish, startRollout } from './rollout-client.js';
import { startRolloutDriver } from './rollout-driver.js';
import type { RolloutStatus } from './rollout-status.js';
import { watchRollout } from './watch-rollout.js';

const PREFIX = '/weir/v1/main';
/** Traffic is not looked at where a test is of something else. */
const quick = { checkFor: '0s' };

function configOf(...servers: readonly EtcdServer[]): EtcdConfig {
  return {
    cluster: 'main',
    endpoints: servers.map(({ endpoint }) => endpoint),
    snapshotFile: '/nonexistent',
    leaseMs: 10_000,
    timeoutMs: 2000,
  };
}

/** A cluster of nodes with drivers, of which the first leads. */
class Fixture implements AsyncDisposable {
  readonly log = new LogBook();
  readonly #owned: AsyncDisposable[] = [];

  private constructor(
    readonly server: EtcdServer,
    readonly config: EtcdConfig,
    readonly cluster: FakeNodes,
  ) {}

  static async start(...nodes: FakeNode[]): Promise<Fixture> {
    const server = await EtcdServer.start();
    const config = configOf(server);
    const cluster = new FakeNodes(config, ...nodes);
    const fixture = new Fixture(server, config, cluster);
    fixture.#owned.push(server, cluster);
    await eventually('all nodes', async () => (await fixture.get('nodes/')).size === nodes.length);
    return fixture;
  }

  startDriver(name = 'lb1'): ReturnType<typeof startRolloutDriver> {
    const driver = startRolloutDriver({ config: this.config, name, logger: this.log });
    this.#owned.push(driver);
    return driver;
  }

  async get(prefix: string): Promise<Map<string, string>> {
    const text = await this.server.etcdctl('get', '--prefix', `${PREFIX}/${prefix}`);
    const lines = text.trimEnd().split('\n');
    return new Map(
      lines.flatMap((line, at) => (at % 2 === 1 ? [[(lines[at - 1] as string).slice(PREFIX.length + 1), line]] : [])),
    );
  }

  async put(key: string, value: object): Promise<void> {
    await this.server.etcdctl('put', `${PREFIX}/${key}`, JSON.stringify(value));
  }

  async status(name: string): Promise<RolloutStatus | undefined> {
    return (await listRollouts(this.config)).find((rollout) => rollout.name === name)?.status;
  }

  async until(name: string, state: RolloutStatus['state']): Promise<RolloutStatus> {
    return eventually(`${name} ${state}`, async () => {
      const status = await this.status(name);
      return status?.state === state ? status : undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const owned of this.#owned.toReversed()) await owned[Symbol.asyncDispose]();
  }
}

test('nodes are restarted one after the other, each drained before and active after, and each once', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2'), new FakeNode('lb3')];
  await using fixture = await Fixture.start(...nodes);
  fixture.startDriver();
  await startRollout(fixture.config, 'again', { kind: 'restart-nodes', nodes: 'all', ...quick });
  const states: string[] = [];
  for await (const status of watchRollout(fixture.config, 'again', AbortSignal.timeout(60_000))) {
    states.push(status.state);
    t.true(status.steps.filter(({ stage }) => stage !== 'pending' && stage !== 'done').length <= 1);
  }
  t.is(states.at(-1), 'done');
  for (const { history } of nodes) t.deepEqual(history, ['active 1', 'draining 1', 'draining 2', 'active 2']);
  t.is((await fixture.get('node-states/')).size, 0);
  await fixture.log.until(/step 3 of 3: restart nodes\/lb3 is done/);
});

test('a drain waits for connections, and goes on at its limit', async (t) => {
  const [first, second, third] = [new FakeNode('lb1'), new FakeNode('lb2'), new FakeNode('lb3')];
  first.connections = 7;
  second.connections = 5;
  await using fixture = await Fixture.start(first, second, third);
  fixture.startDriver();
  await startRollout(fixture.config, 'slow', { kind: 'drain-nodes', nodes: ['lb1'], ...quick });
  await eventually('7 connections', async () =>
    /7 connections left/.test((await fixture.status('slow'))?.waiting ?? ''),
  );
  first.connections = 0;
  await fixture.until('slow', 'done');
  t.deepEqual([first.state, second.state], ['draining', 'active']);

  const limited = { kind: 'drain-nodes', nodes: ['lb2'], drainTimeout: '100ms', ...quick };
  await startRollout(fixture.config, 'limited', limited);
  await fixture.until('limited', 'done');
  await fixture.log.until(/warn: rollout limited: lb2 has 5 connections left after 0.1 s, the limit; goes on/);
});

test('the next leader goes on where the former stopped, and does no step twice', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2'), new FakeNode('lb3')];
  (nodes[1] as FakeNode).connections = 3;
  await using fixture = await Fixture.start(...nodes);
  const former = fixture.startDriver('lb1');
  await eventually('a leader', () => former.isLeader);
  const next = fixture.startDriver('lb2');
  await startRollout(fixture.config, 'again', { kind: 'restart-nodes', nodes: 'all', ...quick });
  await eventually('the second step', async () => (await fixture.status('again'))?.steps[1]?.stage === 'draining');
  t.is((await fixture.status('again'))?.leader, 'lb1');
  t.false(next.isLeader);
  // As if it had died: its lease is gone, and it does not know.
  const leases = (await fixture.server.etcdctl('lease', 'list')).trim().split('\n').slice(1);
  for (const lease of leases) {
    const held = await fixture.server.etcdctl('lease', 'timetolive', '--keys', lease);
    if (held.includes('rollout-leader')) await fixture.server.etcdctl('lease', 'revoke', lease);
  }
  await former[Symbol.asyncDispose]();
  await eventually('the next leader', () => next.isLeader);
  (nodes[1] as FakeNode).connections = 0;
  t.is((await fixture.until('again', 'done')).leader, 'lb2');
  for (const { history } of nodes) t.deepEqual(history, ['active 1', 'draining 1', 'draining 2', 'active 2']);
});

test('an etcd that is away in the middle of a step is waited for', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2')];
  (nodes[0] as FakeNode).connections = 3;
  await using fixture = await Fixture.start(...nodes);
  fixture.startDriver();
  await startRollout(fixture.config, 'again', { kind: 'restart-nodes', nodes: 'all', ...quick });
  await eventually('a drain', async () => (await fixture.status('again'))?.steps[0]?.stage === 'draining');
  await fixture.server.kill();
  await fixture.log.until(/rollouts wait: etcd at/);
  (nodes[0] as FakeNode).connections = 0;
  await fixture.server.start();
  await fixture.until('again', 'done');
  for (const { history } of nodes) t.deepEqual(history, ['active 1', 'draining 1', 'draining 2', 'active 2']);
});

test('a wish pauses a rollout, lets it go on, or brings everything back', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2'), new FakeNode('lb3')];
  (nodes[1] as FakeNode).connections = 3;
  await using fixture = await Fixture.start(...nodes);
  fixture.startDriver();
  await fixture.put('node-states/lb1', { state: 'active' });
  await startRollout(fixture.config, 'less', { kind: 'drain-nodes', nodes: ['lb1', 'lb2'], ...quick });
  await eventually('the second step', async () => (await fixture.status('less'))?.steps[1]?.stage === 'draining');
  await setRolloutWish(fixture.config, 'less', 'pause');
  t.is((await fixture.until('less', 'paused')).reason, 'as wished');
  await setRolloutWish(fixture.config, 'less', 'run');
  await fixture.until('less', 'running');
  await setRolloutWish(fixture.config, 'less', 'abort');
  const { steps } = await fixture.until('less', 'aborted');
  t.deepEqual(
    steps.map(({ stage }) => stage),
    ['undone', 'undone'],
  );
  t.deepEqual(await fixture.get('node-states/'), new Map([['node-states/lb1', '{"state":"active"}']]));
  t.deepEqual(
    nodes.map(({ state }) => state),
    ['active', 'active', 'active'],
  );
});

test('errors that rise pause a rollout with the reason, and it goes on when wished again', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2')];
  await using fixture = await Fixture.start(...nodes);
  fixture.startDriver();
  await startRollout(fixture.config, 'again', { kind: 'restart-nodes', nodes: ['lb1'], checkFor: '2s' });
  await eventually('a drain', async () => (await fixture.status('again'))?.steps[0]?.stage !== 'pending');
  for (const node of nodes) node.errorsPerTick = 20;
  const { reason } = await fixture.until('again', 'paused');
  t.regex(reason ?? '', /^errors have risen from 0\.0 to \d+ a second; errorBudget is 1$/);
  await fixture.log.until(/error: rollout again is paused: errors have risen/);
  for (const node of nodes) node.errorsPerTick = 0;
  await setRolloutWish(fixture.config, 'again', 'run');
  await fixture.until('again', 'done');
});

test('an upgraded node is active again once it has come back with its version', async (t) => {
  const nodes = [new FakeNode('lb1'), new FakeNode('lb2', '2.0')];
  await using fixture = await Fixture.start(...nodes);
  fixture.startDriver();
  await startRollout(fixture.config, 'to-2', { kind: 'upgrade-nodes', nodes: 'all', version: '2.0', ...quick });
  const why = 'lb1 is drained and has version 1.0; install 2.0 and restart it';
  await eventually('installing', async () => (await fixture.status('to-2'))?.waiting === why);
  const [first, second] = nodes as [FakeNode, FakeNode];
  first.version = '2.0';
  first.life += 1;
  await fixture.until('to-2', 'done');
  t.deepEqual(first.history, ['active 1', 'draining 1', 'draining 2', 'active 2']);
  t.deepEqual(second.history, ['active 1']);
});

test('backends are replaced: new ones join, old ones are emptied and then removed', async (t) => {
  await using fixture = await Fixture.start(new FakeNode('lb1'));
  const driver = fixture.startDriver();
  await fixture.put('services/web', { vip: '198.51.100.10', port: 80 });
  await fixture.put('backends/web/old1', { address: '10.0.0.21' });
  await fixture.put('backends/web/old2', { address: '10.0.0.22', weight: 3 });
  fixture.cluster.backendConnections.set('web/old1', 4);
  const backends = { new1: { address: '10.0.0.31' }, new2: { address: '10.0.0.32', weight: 3 } };
  await startRollout(fixture.config, 'next', { kind: 'replace-backends', service: 'web', backends, ...quick });
  await eventually('a drain', async () =>
    /web\/old1 has 4 connections left/.test((await fixture.status('next'))?.waiting ?? ''),
  );
  t.deepEqual(driver.followedBackends, ['web/new1', 'web/new2', 'web/old1', 'web/old2']);
  const during = await fixture.get('backends/web/');
  t.is(during.get('backends/web/old1'), '{"address":"10.0.0.21","weight":0}');
  t.is(during.get('backends/web/new2'), '{"address":"10.0.0.32","weight":3}');
  fixture.cluster.backendConnections.clear();
  await fixture.until('next', 'done');
  t.deepEqual([...(await fixture.get('backends/web/')).keys()], ['backends/web/new1', 'backends/web/new2']);
});

test('an aborted replacement brings the former backends back before the new ones leave', async (t) => {
  await using fixture = await Fixture.start(new FakeNode('lb1'));
  fixture.startDriver();
  const service = { vip: '198.51.100.10', port: 80, method: 'gue', secondChance: { choices: 3 } };
  await fixture.put('services/web', service);
  await fixture.put('backends/web/old1', { address: '10.0.0.21' });
  fixture.cluster.backendConnections.set('web/old1', 4);
  const backends = { new1: { address: '10.0.0.31' } };
  const document = { kind: 'replace-backends', service: 'web', backends, fillFor: '100ms', ...quick };
  await startRollout(fixture.config, 'next', document);
  await eventually('a drain', async () =>
    /web\/old1 has 4 connections left/.test((await fixture.status('next'))?.waiting ?? ''),
  );
  t.is((await fixture.get('backends/web/old1')).get('backends/web/old1'), '{"address":"10.0.0.21","state":"draining"}');
  await setRolloutWish(fixture.config, 'next', 'abort');
  await fixture.until('next', 'aborted');
  t.deepEqual(await fixture.get('backends/web/'), new Map([['backends/web/old1', '{"address":"10.0.0.21"}']]));
});
