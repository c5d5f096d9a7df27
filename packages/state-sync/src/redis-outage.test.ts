import test, { type ExecutionContext } from 'ava';
import { eventually, RedisServer, type RedisServerSettings, sampleImages } from './test-support/index.js';
import { startNode } from './test-support/nodes.js';

async function startServer(t: ExecutionContext, settings: RedisServerSettings = {}): Promise<RedisServer> {
  const server = await RedisServer.start(settings);
  t.teardown(() => server[Symbol.asyncDispose]());
  return server;
}

const at = (server: RedisServer) => ({ mode: 'single', addresses: [server.socket] }) as const;

test('a Redis that was killed and comes back empty: flows wait, the node hears of it, the log has two lines', async (t) => {
  const server = await startServer(t);
  const node = await startNode(t, 'a', at(server));
  const { replication, logged } = node;
  await eventually('the first connection', () => replication.isAvailable);
  replication.tell(sampleImages(10));
  await eventually('flows to be written', () => replication.status().told === 10);

  await server.kill();
  await eventually('the loss to be seen', () => !replication.isAvailable);
  replication.tell(sampleImages(1_000, 'plain', 4, 10));
  replication.end(sampleImages(5, 'plain', 4, 10));
  t.is(await replication.findByClient(sampleImages(1)), 'unavailable');
  t.is(replication.status().queued, 1_005);

  await server.restart();
  await eventually('flows to be written', () => replication.status().queued === 0 && replication.status().ended === 5);
  t.is(await server.command('DBSIZE'), 995);
  // A Redis that stands still for a second is lost, too, and comes back: with each loss a line, and with each return.
  const { reconnections } = replication.status();
  t.true(node.returns >= 1 && reconnections >= 1);
  const lines = logged.map((line) => line.replace(/ \d+ s/, ' n s').replaceAll(server.socket, 'SOCKET'));
  const [lost, back] = [
    "warn: Redis at SOCKET can't be reached: the connection was closed; it is tried again until it is back",
    'info: Redis at SOCKET is back after n s',
  ];
  t.deepEqual(lines, ['info: Redis at SOCKET is connected', ...Array(reconnections).fill([lost, back]).flat()]);
});

test('a Redis that is not there at the start: what is told waits for it', async (t) => {
  const server = await startServer(t);
  await server.kill();
  const { replication, logged } = await startNode(t, 'a', at(server));
  replication.tell(sampleImages(10));
  t.false(replication.isAvailable);
  await eventually('the failure to be logged', () => logged.length > 0);
  t.regex(logged[0] ?? '', /warn: .* can't be reached: connect E/);
  t.regex(replication.status().lastError ?? '', /connect E/);
  await server.restart();
  await eventually('flows to be written', () => replication.status().told === 10);
});

test('a Redis that answers nothing: lookups end, and nothing that was under way is lost', async (t) => {
  const server = await startServer(t);
  const { replication } = await startNode(t, 'a', at(server));
  await eventually('the first connection', () => replication.isAvailable);
  server.signal('SIGSTOP');
  replication.tell(sampleImages(2_000));
  t.is(await replication.findByClient(sampleImages(1)), 'unavailable');
  await eventually('the loss to be seen', () => !replication.isAvailable);
  server.signal('SIGCONT');
  await eventually('flows to be written', () => replication.status().told === 2_000);
  t.is(await server.command('DBSIZE'), 2_000);
});

test('a Redis without memory: it counts as gone until it writes again, and then nothing is missing', async (t) => {
  const server = await startServer(t);
  const node = await startNode(t, 'a', at(server));
  const { replication, logged } = node;
  await eventually('the first connection', () => replication.isAvailable);
  await server.command('CONFIG', 'SET', 'maxmemory', '1');
  replication.tell(sampleImages(2_000));
  await eventually('the refusal', () => !replication.isAvailable);
  t.regex(replication.status().lastError ?? '', /OOM/);
  t.is(logged.filter((line) => line.startsWith('warn: the store of flows refuses to write: OOM')).length, 1);
  await server.command('CONFIG', 'SET', 'maxmemory', '0');
  await eventually('flows to be written', () => replication.status().told === 2_000);
  await eventually('the return', () => replication.isAvailable);
  t.true(node.returns >= 1);
  t.true(logged.includes('info: the store of flows writes again'));
  t.is(await server.command('DBSIZE'), 2_000);
});

test('while Redis is gone the queue holds what it may: refreshes are dropped first, then ends, and all is counted', async (t) => {
  const server = await startServer(t);
  await server.kill();
  const { replication } = await startNode(t, 'a', at(server), { queueMax: 100 });
  replication.tell(sampleImages(50), true);
  replication.end(sampleImages(50, 'plain', 4, 100));
  replication.tell(sampleImages(80, 'plain', 4, 200));
  replication.tell(sampleImages(5), true);
  const { queued, dropped } = replication.status();
  t.is(queued, 100);
  t.deepEqual(dropped, { refresh: 55, end: 30, tell: 0, yield: 0 });
});

test('scripts that Redis forgot are given to it again', async (t) => {
  const server = await startServer(t);
  const { replication } = await startNode(t, 'a', at(server));
  await eventually('the first connection', () => replication.isAvailable);
  await server.command('SCRIPT', 'FLUSH');
  replication.tell(sampleImages(10));
  replication.end(sampleImages(5));
  await eventually('the ends to be written', () => replication.status().ended === 5);
  t.is(await server.command('DBSIZE'), 5);
});

test("nodes with another prefix, or with another cluster's secret, find nothing and end nothing", async (t) => {
  const server = await startServer(t);
  const own = await startNode(t, 'a', at(server));
  const prefixed = await startNode(t, 'a', { ...at(server), keyPrefix: 'else:' });
  const foreign = await startNode(t, 'a', at(server), { secret: Buffer.alloc(16, 8) });
  for (const { replication } of [own, prefixed, foreign])
    await eventually('a connection', () => replication.isAvailable);
  own.replication.tell(sampleImages(10));
  await eventually('flows to be written', () => own.replication.status().told === 10);
  for (const { replication } of [prefixed, foreign]) {
    t.is(await replication.findByClient(sampleImages(1)), 'unknown');
    replication.end(sampleImages(10));
    await eventually('ends to be told', () => replication.status().ended === 10);
  }
  t.is(await server.command('DBSIZE'), 10);
});

test('10,000 flows are one command for each 512, and young flows none', async (t) => {
  const server = await startServer(t);
  const { replication } = await startNode(t, 'a', at(server));
  await eventually('the first connection', () => replication.isAvailable);
  const calls = async () =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))?.[1] ?? 0);
  t.is(await calls(), 0);
  replication.tell(sampleImages(10_000));
  await eventually('flows to be written', () => replication.status().told === 10_000);
  const { batches, failedBatches } = replication.status();
  t.is(batches - failedBatches, Math.ceil(10_000 / 512));
  // What was lost with a connection may have reached Redis all the same.
  const called = await calls();
  t.true(called >= batches - failedBatches && called <= batches, `${called} calls`);
});
