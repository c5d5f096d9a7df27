import test from 'ava';
import { openRedisStore } from './redis-store.js';
import { RedisSentinel, SENTINEL_MASTER } from './test-support/index.js';
import { testStore } from './test-support/store-compliance.js';

const sentinel = await RedisSentinel.start();
test.after.always(() => sentinel[Symbol.asyncDispose]());

testStore(test, (keyPrefix) =>
  openRedisStore({ mode: 'sentinel', addresses: [sentinel.address], sentinelName: SENTINEL_MASTER, keyPrefix }),
);
