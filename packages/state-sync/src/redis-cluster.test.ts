import test from 'ava';
import { openRedisStore } from './redis-store.js';
import { RedisCluster } from './test-support/index.js';
import { testStore } from './test-support/store-compliance.js';

const cluster = await RedisCluster.start();
test.after.always(() => cluster[Symbol.asyncDispose]());

testStore(test, (keyPrefix) => openRedisStore({ mode: 'cluster', addresses: cluster.addresses, keyPrefix }));
