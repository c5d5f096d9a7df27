import { Lab } from './lab.js';
import { testAsRoot } from './needs-root.js';
import { pair } from './pair-topology.fixture.js';
import { startRedis, startRedisCluster, startSentinels } from './redis-deployment.js';
import type { RedisServer } from './redis-server.js';
import { waitUntil } from './wait-until.js';

const FAILOVER_TIMEOUT_MS = 90_000;

testAsRoot('a Redis answers on both families, and has forgotten all after it was killed', async (t) => {
  await using lab = await Lab.start(pair);
  const { servers } = await startRedis(lab.host('right'));
  const [server] = servers as [RedisServer];
  t.is(await server.command('SET', 'a"b', '\\x00\\xff'), 'OK');
  for (const family of ['ipv4', 'ipv6'] as const) {
    const cli = ['-h', lab.host('right').address(family), 'GET', 'a"b'];
    t.is(await lab.host('left').output('redis-cli', cli, {}), '\0\ufffd\n');
  }
  t.deepEqual([(await server.commandCounts()).get, (await server.commandCounts()).set], [2, 1]);
  await server.kill();
  await server.start();
  t.is(await server.command('DBSIZE'), '0');
});

testAsRoot('a Redis with an append-only file has all again after it was killed', async (t) => {
  await using lab = await Lab.start(pair);
  const settings = ['appendonly yes', 'appendfsync always'];
  const { servers } = await startRedis(lab.host('right'), { settings });
  const [server] = servers as [RedisServer];
  await server.command('SET', 'key', 'value');
  await server.kill();
  await server.start();
  t.is(await server.command('GET', 'key'), 'value');
});

testAsRoot('Sentinels make the replica the master when theirs is killed', async (t) => {
  await using lab = await Lab.start(pair);
  const { servers, sentinels } = await startSentinels(lab.host('right'));
  const [master, replica] = servers as [RedisServer, RedisServer];
  await master.command('SET', 'key', 'value');
  await master.kill();
  const [sentinel] = sentinels as [RedisServer];
  await waitUntil(
    'the Sentinels to name the other server',
    async () => {
      const named = await sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'weir');
      return named === `10.9.0.2\n${replica.port}` || undefined;
    },
    { timeoutMs: FAILOVER_TIMEOUT_MS },
  );
  t.is(await replica.command('GET', 'key'), 'value');
});

testAsRoot('a Redis Cluster is well again after a master was killed, with all keys', async (t) => {
  await using lab = await Lab.start(pair);
  const { servers } = await startRedisCluster(lab.host('right'));
  const cli = (...args: string[]) =>
    lab.host('left').output('redis-cli', ['-c', '-h', '10.9.0.2', '-p', '7002', ...args]);
  // "key" is in slot 12539, which is the third master's.
  await cli('SET', 'key', 'value');
  const [, , third, , , replica] = servers as RedisServer[];
  await third?.kill();
  await waitUntil(
    'the replica to be the master',
    async () => (await replica?.command('ROLE'))?.startsWith('master') || undefined,
    { timeoutMs: FAILOVER_TIMEOUT_MS },
  );
  await waitUntil(
    'the cluster to be well',
    async () => (await cli('CLUSTER', 'INFO')).includes('state:ok') || undefined,
    {
      timeoutMs: FAILOVER_TIMEOUT_MS,
    },
  );
  t.is(await cli('GET', 'key'), 'value\n');
});
