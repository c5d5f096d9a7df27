import test from 'ava';
import { InvalidConfigError } from './config-error.js';
import type { NodeConfig } from './node-config.js';
import { parseNodeConfig } from './parse-node-config.js';

const parse = (state: string): NodeConfig =>
  parseNodeConfig(`node: { interfaces: [eth0] }\nstate: ${state}\nservices: []\n`, 'weir.yaml');

function problemsOf(state: string): readonly string[] {
  const error = problemOf(state);
  return error.problems.map(({ path, message }) => `${path}: ${message}`);
}

function problemOf(state: string): InvalidConfigError {
  try {
    parse(state);
  } catch (error) {
    if (error instanceof InvalidConfigError) return error;
    throw error;
  }
  throw new Error(`not refused: ${state}`);
}

test('a store and an address are enough', (t) => {
  t.deepEqual(parse('{ store: redis, redis: { addresses: ["10.0.0.5:6379"] } }').state, {
    store: 'redis',
    redis: { addresses: [{ host: '10.0.0.5', port: 6379 }], mode: 'single', database: 0 },
    keyPrefix: 'weir:',
    tellAfterMs: 3000,
    takeoversPerSecond: 100_000,
    queue: 200_000,
    batchDelayMs: 10,
  });
  t.is(parse('{ store: memory }').state?.store, 'memory');
});

test('without the section nothing is shared', (t) => {
  t.is(parseNodeConfig('node: { interfaces: [eth0] }\nservices: []\n', 'weir.yaml').state, undefined);
});

test('everything that may be said of servers arrives, in its units', (t) => {
  const redis = `{ addresses: ["[fd00::5]:26379", "sentinel.example:26379"], mode: sentinel, sentinelName: weir, username: weir,
    passwordFile: /etc/weir/redis, sentinelUsername: watch, sentinelPassword: secret, database: 3,
    tls: { ca: /etc/ca.pem, certificate: /etc/cert.pem, key: /etc/key.pem, serverName: redis.example } }`;
  const more = 'tellAfter: 5m, takeoversPerSecond: 1, queue: 1000, batchDelay: 1ms, keyPrefix: "one:"';
  t.deepEqual(parse(`{ store: redis, redis: ${redis}, ${more} }`).state, {
    store: 'redis',
    redis: {
      addresses: [
        { host: 'fd00::5', port: 26_379 },
        { host: 'sentinel.example', port: 26_379 },
      ],
      mode: 'sentinel',
      sentinelName: 'weir',
      username: 'weir',
      passwordFile: '/etc/weir/redis',
      sentinelUsername: 'watch',
      sentinelPassword: 'secret',
      database: 3,
      tls: { ca: '/etc/ca.pem', certificate: '/etc/cert.pem', key: '/etc/key.pem', serverName: 'redis.example' },
    },
    keyPrefix: 'one:',
    tellAfterMs: 300_000,
    takeoversPerSecond: 1,
    queue: 1000,
    batchDelayMs: 1,
  });
});

test('tls: true is TLS with what the system knows, tls: false none', (t) => {
  const tlsOf = (tls: boolean) => {
    const { state } = parse(`{ store: redis, redis: { addresses: ["r:6379"], tls: ${tls} } }`);
    return state?.store === 'redis' ? state.redis.tls : 'no redis';
  };
  t.deepEqual([tlsOf(true), tlsOf(false)], [{}, undefined]);
});

const one = 'addresses: ["10.0.0.5:6379"]';
const two = 'addresses: ["10.0.0.5:6379", "10.0.0.6:6379"]';
const redisOf = (redis: string) => `{ store: redis, redis: { ${redis} } }`;

const wrong: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'redis without its section',
    '{ store: redis }',
    ['state.redis: is missing; store redis needs redis.addresses, such as [127.0.0.1:6379]'],
  ],
  [
    'memory with a section redis',
    `{ store: memory, redis: { ${one} } }`,
    ['state.redis: {…} has no meaning with store memory; leave it out, or set store to redis'],
  ],
  ['a store that is not there', '{ store: etcd }', ['state.store: "etcd" is not one of redis, memory']],
  ['no address', redisOf('addresses: []'), ['state.redis.addresses: [] names no server']],
  [
    'addresses without ports, or with impossible ones',
    redisOf('addresses: [10.0.0.5, "10.0.0.5:0", "fd00::5:6379", "redis://10.0.0.5:6379"]'),
    ['10.0.0.5', '10.0.0.5:0', 'fd00::5:6379', 'redis://10.0.0.5:6379'].map(
      (text, at) => `state.redis.addresses[${at}]: "${text}" is not an address with a port, such as 127.0.0.1:50051`,
    ),
  ],
  [
    'several servers with mode single',
    redisOf(two),
    [
      'state.redis.addresses: […] names 2 servers, and mode single knows one; set mode to sentinel or cluster, or name one',
    ],
  ],
  [
    'the same server twice',
    redisOf('mode: cluster, addresses: ["10.0.0.5:6379", "10.0.0.5:6379"]'),
    ['state.redis.addresses[1]: "10.0.0.5:6379" is state.redis.addresses[0] too'],
  ],
  [
    'sentinel without a name',
    redisOf(`${two}, mode: sentinel`),
    ['state.redis.sentinelName: is missing; mode sentinel asks the Sentinels for the servers of that name'],
  ],
  [
    'what is of Sentinels, without them',
    redisOf(`${one}, sentinelName: weir, sentinelPassword: hush`),
    [
      'state.redis.sentinelName: "weir" has no meaning with mode single; leave it out, or set mode to sentinel',
      'state.redis.sentinelPassword: (not shown) has no meaning with mode single; leave it out, or set mode to sentinel',
    ],
  ],
  [
    'a password in two places',
    redisOf(`${one}, password: hush, passwordFile: /etc/weir/redis`),
    ['state.redis.passwordFile: "/etc/weir/redis" stands beside password, which says the same; leave out one of them'],
  ],
  [
    'a user without a password',
    redisOf(`${one}, username: weir`),
    ['state.redis.username: "weir" has no meaning without a password; give password or passwordFile'],
  ],
  [
    'files that are not named from the root',
    redisOf(`${one}, passwordFile: redis-password, tls: { ca: ca.pem }`),
    [
      'state.redis.passwordFile: "redis-password" is not an absolute path',
      'state.redis.tls.ca: "ca.pem" is not an absolute path',
    ],
  ],
  [
    'a certificate without its key',
    redisOf(`${one}, tls: { certificate: /etc/cert.pem }`),
    ['state.redis.tls.certificate: "/etc/cert.pem" is of no use without tls.key; give both, or neither'],
  ],
  [
    'a key without its certificate',
    redisOf(`${one}, tls: { key: /etc/key.pem }`),
    ['state.redis.tls.key: "/etc/key.pem" is of no use without tls.certificate; give both, or neither'],
  ],
  [
    'a Cluster with a database, and a prefix that puts all keys in one place',
    `{ store: redis, redis: { ${two}, mode: cluster, database: 1 }, keyPrefix: "{weir}:" }`,
    [
      "state.redis.database: 1 can't be had with mode cluster, which has database 0 alone",
      'state.keyPrefix: "{weir}:" has a part in braces, which would put every key on one node of the Cluster; leave out the braces',
    ],
  ],
  [
    'a threshold below a tick',
    '{ store: memory, tellAfter: 999ms }',
    ['state.tellAfter: "999ms" is less than 1s, the tick that flows are timed by'],
  ],
  [
    'a threshold above five minutes',
    '{ store: memory, tellAfter: 301s }',
    ['state.tellAfter: "301s" is more than 5m; flows would be lost with their node for so long'],
  ],
  [
    'an empty prefix, a queue without room and a batch that waits for long',
    '{ store: memory, keyPrefix: "", queue: 10, batchDelay: 2s }',
    [
      'state.keyPrefix: "" is empty; clusters that share a server are told apart by it',
      'state.queue: 10 is less than 1000',
      'state.batchDelay: "2s" is more than 1s; flows would be shared too late',
    ],
  ],
];
for (const [title, state, problems] of wrong) {
  test(`refused: ${title}`, (t) => {
    t.deepEqual(problemsOf(state), problems);
  });
}

test('no message shows a password', (t) => {
  const error = problemOf(
    redisOf(`${one}, mode: sentinel, sentinelName: weir, password: 12345678, sentinelPassword: [hush]`),
  );
  t.false(error.message.includes('12345678') || error.message.includes('hush'), error.message);
  t.true(error.problems.every(({ value }) => value === undefined));
});
