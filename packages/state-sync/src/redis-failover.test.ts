import test from 'ava';
import {
  eventually,
  RedisCluster,
  RedisSentinel,
  type RedisServer,
  SENTINEL_MASTER,
  sampleImages,
} from './test-support/index.js';
import { startNode, type TestNode } from './test-support/nodes.js';
import { eachImage } from './test-support/store-compliance.js';

/** How many of these flows are found. */
async function foundBy({ replication }: TestNode, images: Uint8Array): Promise<number> {
  const found = await Promise.all(eachImage(images).map((image) => replication.findByClient(image)));
  return found.filter((flow) => typeof flow === 'object').length;
}

test('Sentinel: the master is killed, and the replica that becomes master has the flows and takes new ones', async (t) => {
  const redis = await RedisSentinel.start();
  t.teardown(() => redis[Symbol.asyncDispose]());
  const at = { mode: 'sentinel', addresses: [redis.address], sentinelName: SENTINEL_MASTER } as const;
  const a = await startNode(t, 'a', at);
  const b = await startNode(t, 'b', at);
  await eventually('the nodes to be connected', () => a.replication.isAvailable && b.replication.isAvailable);
  a.replication.tell(sampleImages(1_000));
  await eventually('flows to be written', () => a.replication.status().told === 1_000);
  const [master, replica] = redis.servers;
  await eventually('the replica to have them', async () => (await replica.command('DBSIZE')) === 1_000);

  await master.kill();
  a.replication.tell(sampleImages(1_000, 'fullnat', 6, 5_000));
  await eventually('flows to be written', () => a.replication.status().told === 2_000);
  await eventually('the other node to be connected', () => b.replication.isAvailable);
  t.is(await foundBy(b, sampleImages(1_000)), 1_000);
  t.is(await foundBy(b, sampleImages(1_000, 'fullnat', 6, 5_000)), 1_000);
  t.true(a.returns >= 1);
});

test('Cluster: a master is killed and its replica takes over: what was told is found, what is told arrives, owners yield', async (t) => {
  const redis = await RedisCluster.start();
  t.teardown(() => redis[Symbol.asyncDispose]());
  const at = { mode: 'cluster', addresses: redis.addresses } as const;
  const a = await startNode(t, 'a', at);
  const b = await startNode(t, 'b', at);
  await eventually('the nodes to be connected', () => a.replication.isAvailable && b.replication.isAvailable);
  a.replication.tell(sampleImages(1_000, 'fullnat'));
  await eventually('flows to be written', () => a.replication.status().told === 1_000);
  t.is(await redis.keys(), 2_000);
  const [master, replica] = [redis.masters[0], redis.replicas[0]] as [RedisServer, RedisServer];
  const keys = await master.command('DBSIZE');
  t.true(Number(keys) > 500);
  await eventually('the replica to have them', async () => (await replica.command('DBSIZE')) === keys);

  await master.kill();
  a.replication.tell(sampleImages(1_000, 'plain', 6));
  await eventually('flows to be written', () => a.replication.status().told === 2_000);
  t.deepEqual(a.replication.status().dropped, { refresh: 0, end: 0, tell: 0, yield: 0 });
  await eventually('all to be found', async () => (await foundBy(b, sampleImages(1_000, 'fullnat'))) === 1_000);
  t.is(await foundBy(b, sampleImages(1_000, 'plain', 6)), 1_000);
  await eventually('the return', () => a.replication.isAvailable);
  t.true(a.returns >= 1);

  let yielded = 0;
  a.replication.onYield(() => yielded++);
  const image = sampleImages(1, 'fullnat');
  const found = await b.replication.findByClient(image);
  if (typeof found !== 'object') return t.fail('not found');
  await eventually('the owner to yield', () => {
    b.replication.takeOver(found);
    return yielded > 0;
  });
  return undefined;
});
