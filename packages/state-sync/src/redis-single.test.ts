import test from 'ava';
import { openRedisStore } from './redis-store.js';
import { RedisServer } from './test-support/index.js';
import { testStore } from './test-support/store-compliance.js';

const server = await RedisServer.start();
test.after.always(() => server[Symbol.asyncDispose]());

testStore(test, (keyPrefix) => openRedisStore({ mode: 'single', addresses: [server.socket], keyPrefix }));
