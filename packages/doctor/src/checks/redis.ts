import { ConfigError, type RedisConfig, redisAccess } from '@weir/control';
import { Redis } from 'ioredis';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';

const ANSWER_TIMEOUT_MS = 3000;

/** Does Redis answer, and keep what it is given? */
export const redis: Check = {
  name: 'redis',
  looksAt: 'each of `state.redis.addresses`: that it answers PING with the password given, and its maxmemory-policy',
  symptom: '`weirctl status` says that replication is behind; connections of nat and fullnat break when a node dies',
  cure: 'start Redis, correct `state.redis.addresses` and the password; give it memory and `maxmemory-policy noeviction` or `volatile-ttl`. Forwarding goes on without it',
  roles: ['node'],
  async examine(subject) {
    const state = subject.role === 'node' ? subject.config?.state : undefined;
    if (state?.store !== 'redis') return [{ verdict: 'skipped', found: 'the configuration has no state in Redis' }];
    try {
      const options = await optionsOf(state.redis);
      return await Promise.all(state.redis.addresses.map((address) => redisFinding(address, options)));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return [troubleFinding('state.redis', error.message)];
    }
  },
};

type Options = Awaited<ReturnType<typeof optionsOf>>;

/** @throws {ConfigError} a file of passwords or certificates can't be read */
async function optionsOf(config: RedisConfig) {
  const { password, sentinelPassword, tls } = await redisAccess(config);
  const isSentinel = config.mode === 'sentinel';
  const username = isSentinel ? config.sentinelUsername : config.username;
  const secret = isSentinel ? sentinelPassword : password;
  return {
    lazyConnect: true,
    connectTimeout: ANSWER_TIMEOUT_MS,
    commandTimeout: ANSWER_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    ...(username === undefined ? {} : { username }),
    ...(secret === undefined ? {} : { password: secret }),
    ...(tls === undefined
      ? {}
      : { tls: { ca: tls.ca, cert: tls.certificate, key: tls.key, servername: tls.serverName } }),
  };
}

async function redisFinding(address: RedisConfig['addresses'][number], options: Options): Promise<Finding> {
  const about = `${address.host}:${address.port}`;
  const client = new Redis({ ...options, ...address });
  let lastError: Error | undefined;
  client.on('error', (error: Error) => {
    lastError = error;
  });
  try {
    await client.connect();
    await client.ping();
    return memoryFinding(about, await client.info('memory').catch(() => ''));
  } catch (error) {
    return troubleFinding(about, (lastError ?? (error as Error)).message);
  } finally {
    client.disconnect();
  }
}

/** @param info  what INFO memory says; empty where it may not be asked, as with Sentinel */
function memoryFinding(about: string, info: string): Finding {
  const [, policy] = /^maxmemory_policy:(\S+)/m.exec(info) ?? [];
  const [, bytes] = /^maxmemory:(\d+)/m.exec(info) ?? [];
  if (bytes === '0' || policy === undefined || !/^allkeys-|random$/.test(policy)) {
    return { verdict: 'ok', about, found: policy === undefined ? 'answers' : `answers; maxmemory-policy ${policy}` };
  }
  return {
    verdict: 'warning',
    about,
    found: `answers; maxmemory-policy ${policy} throws away flows that live when memory is full`,
    wanted: 'noeviction, or volatile-ttl',
    cure: 'set the policy, in redis.conf too, and give Redis the memory that docs/connection-state.md computes',
    commands: [`redis-cli -h ${about.replace(/:(\d+)$/, ' -p $1')} config set maxmemory-policy volatile-ttl`],
  };
}

function troubleFinding(about: string, trouble: string): Finding {
  const isAboutAccess = /WRONGPASS|NOAUTH|NOPERM|password/i.test(trouble);
  return {
    verdict: 'fault',
    about,
    found: trouble,
    wanted: 'PONG',
    cure: isAboutAccess
      ? 'correct state.redis.username and the password, or passwordFile, of weir.yaml: they have to be what redis.conf (requirepass, ACLs) has'
      : 'look at Redis there ("systemctl status redis-server"), at its bind and protected-mode, at what is between, and at state.redis.addresses of weir.yaml',
  };
}
