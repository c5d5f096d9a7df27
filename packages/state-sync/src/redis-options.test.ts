import test from 'ava';
import { clusterOptions, type RedisStoreOptions, serverOptions } from './redis-options.js';
import { openRedisStore } from './redis-store.js';

const refuses = test.macro({
  exec(t, options: RedisStoreOptions, message: RegExp) {
    const error = t.throws(() => openRedisStore(options), { code: 'STORE_OPTIONS_INVALID' });
    t.regex(error.message, message);
  },
  title: (given) => `refused: ${given}`,
});

test('an address without a port', refuses, { mode: 'single', addresses: ['10.0.0.5'] }, /host:port.*got "10\.0\.0\.5"/);
test('a port that there is not', refuses, { mode: 'single', addresses: ['a:65536'] }, /got "a:65536"/);
test('IPv6 without brackets', refuses, { mode: 'cluster', addresses: ['2001:db8::5:6379'] }, /\[2001:db8::5\]:6379/);
test('no address', refuses, { mode: 'single', addresses: [] }, /at least one server/);
test('several single servers', refuses, { mode: 'single', addresses: ['a:1', 'b:1'] }, /one address, not 2/);
test('Sentinels without a name', refuses, { mode: 'sentinel', addresses: ['a:1'] }, /sentinelName/);
test('a socket of a cluster', refuses, { mode: 'cluster', addresses: ['/run/redis.sock'] }, /only mode "single"/);
test('a database of a cluster', refuses, { mode: 'cluster', addresses: ['a:1'], database: 3 }, /has to be 0 .*, not 3/);

test('names, IPv6 addresses and sockets are told apart', (t) => {
  const { nodes } = clusterOptions({ mode: 'cluster', addresses: ['redis.example:6379', '[2001:db8::5]:7000'] });
  t.deepEqual(nodes, [
    { host: 'redis.example', port: 6379 },
    { host: '2001:db8::5', port: 7000 },
  ]);
  t.like(serverOptions({ mode: 'single', addresses: ['/run/redis.sock'] }), { path: '/run/redis.sock' });
});

test('Sentinels have users and passwords of their own, and the TLS of the servers', (t) => {
  const options = serverOptions({
    mode: 'sentinel',
    addresses: ['a:26379', 'b:26379'],
    sentinelName: 'weir',
    password: 'one',
    sentinelPassword: 'two',
    tls: { serverName: 'redis.test' },
  });
  t.like(options, { name: 'weir', password: 'one', sentinelPassword: 'two', enableTLSForSentinelMode: true });
  t.like(options, { tls: { servername: 'redis.test' }, sentinelTLS: { servername: 'redis.test' } });
});
