import type { Contradiction, SoundParts } from './contradiction.js';
import { repeated } from './repeated.js';
import { tlsContradictions } from './tls-contradictions.js';

type StateDocument = NonNullable<SoundParts['state']>;
type RedisDocument = NonNullable<StateDocument['redis']>;

/** What can't be had together in `state`. */
export function stateContradictions({ state }: SoundParts): Contradiction[] {
  if (state === undefined) return [];
  return [...ofStore(state), ...(state.redis === undefined ? [] : ofRedis(state.redis, state.keyPrefix))].map(
    ({ path, message }) => ({ path: ['state', ...path], message }),
  );
}

function ofStore({ store, redis }: StateDocument): Contradiction[] {
  if (store === 'redis' && redis === undefined) {
    return [{ path: ['redis'], message: 'is missing; store redis needs redis.addresses, such as [127.0.0.1:6379]' }];
  }
  if (store === 'memory' && redis !== undefined) {
    return [{ path: ['redis'], message: 'has no meaning with store memory; leave it out, or set store to redis' }];
  }
  return [];
}

function ofRedis(redis: RedisDocument, keyPrefix: string): Contradiction[] {
  return [
    ...[...ofAddresses(redis), ...ofSentinel(redis), ...ofCredentials(redis), ...tlsContradictions(redis.tls)].map(
      ({ path, message }) => ({ path: ['redis', ...path], message }),
    ),
    ...ofCluster(redis, keyPrefix),
  ];
}

function ofAddresses({ addresses, mode }: RedisDocument): Contradiction[] {
  const found: Contradiction[] = repeated(addresses.map(({ host, port }) => `${host} ${port}`)).map(([at, first]) => ({
    path: ['addresses', at],
    message: `is state.redis.addresses[${first}] too`,
  }));
  if (mode === 'single' && addresses.length > 1) {
    found.push({
      path: ['addresses'],
      message: `names ${addresses.length} servers, and mode single knows one; set mode to sentinel or cluster, or name one`,
    });
  }
  return found;
}

function ofSentinel(redis: RedisDocument): Contradiction[] {
  if (redis.mode === 'sentinel') {
    return redis.sentinelName === undefined
      ? [
          {
            path: ['sentinelName'],
            message: 'is missing; mode sentinel asks the Sentinels for the servers of that name',
          },
        ]
      : [];
  }
  const keys = ['sentinelName', 'sentinelUsername', 'sentinelPassword', 'sentinelPasswordFile'] as const;
  return keys
    .filter((key) => redis[key] !== undefined)
    .map((key) => ({
      path: [key],
      message: `has no meaning with mode ${redis.mode}; leave it out, or set mode to sentinel`,
    }));
}

function ofCredentials(redis: RedisDocument): Contradiction[] {
  const found: Contradiction[] = [];
  for (const [user, password, file] of [
    ['username', 'password', 'passwordFile'],
    ['sentinelUsername', 'sentinelPassword', 'sentinelPasswordFile'],
  ] as const) {
    if (redis[password] !== undefined && redis[file] !== undefined) {
      found.push({ path: [file], message: `stands beside ${password}, which says the same; leave out one of them` });
    }
    if (redis[user] !== undefined && redis[password] === undefined && redis[file] === undefined) {
      found.push({ path: [user], message: `has no meaning without a password; give ${password} or ${file}` });
    }
  }
  return found;
}

function ofCluster({ mode, database }: RedisDocument, keyPrefix: string): Contradiction[] {
  if (mode !== 'cluster') return [];
  const found: Contradiction[] = [];
  if (database !== 0) {
    found.push({ path: ['redis', 'database'], message: "can't be had with mode cluster, which has database 0 alone" });
  }
  if (/\{[^}]+\}/.test(keyPrefix)) {
    found.push({
      path: ['keyPrefix'],
      message: 'has a part in braces, which would put every key on one node of the Cluster; leave out the braces',
    });
  }
  return found;
}
