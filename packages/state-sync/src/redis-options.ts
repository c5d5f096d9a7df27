import type { ConnectionOptions } from 'node:tls';
import type { ClusterOptions, RedisOptions } from 'ioredis';
import { backoffMs } from './backoff.js';
import { StateSyncError } from './state-sync-error.js';
import type { StoreLog } from './store-log.js';

/** Where Redis is, and how to log in. */
export interface RedisStoreOptions {
  /** `sentinel`: addresses are those of Sentinels; `cluster`: of some of its servers. */
  readonly mode: 'single' | 'sentinel' | 'cluster';
  /** `host:port`, `[::1]:port`; for `single` also the path of a socket. */
  readonly addresses: readonly string[];
  /** What the Sentinels call the master. */
  readonly sentinelName?: string;
  readonly username?: string;
  readonly password?: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  /** Of servers and Sentinels. */
  readonly tls?: RedisTls;
  /** Clusters have but 0. */
  readonly database?: number;
  /** Of all keys and channels of this Weir cluster. With up to 5 bytes, a key costs 16 bytes less. */
  readonly keyPrefix?: string;
  readonly log?: StoreLog;
}

export interface RedisTls {
  /** PEM; absent: the system's. */
  readonly ca?: string | Buffer;
  readonly certificate?: string | Buffer;
  readonly key?: string | Buffer;
  /** The name that the server's certificate has; absent: its address. */
  readonly serverName?: string;
}

export const DEFAULT_KEY_PREFIX = 'weir:';

const CONNECT_TIMEOUT_MS = 2_000;
/** Without a byte in it while an answer is due, a connection counts as broken. */
const ANSWER_TIMEOUT_MS = 1_000;
const KEEP_ALIVE_MS = 5_000;
const CLUSTER_REFRESH_MS = 5_000;
/** Of a cluster whose slot has no master: with 100 ms each, the caller hears of it before it would give up. */
const CLUSTER_ATTEMPTS = 3;

/** ioredis's options of one server, or of the master that Sentinels name. */
export function serverOptions(options: RedisStoreOptions) {
  const [address, ...others] = parsedAddresses(options);
  if (address === undefined) throw invalid('addresses has to name at least one server');
  if (options.mode === 'sentinel') {
    const sentinels = [address, ...others].map(tcpAddress);
    if (options.sentinelName === undefined) throw invalid('sentinelName has to be what the Sentinels call the master');
    return {
      ...connectionOptions(options),
      sentinels,
      name: options.sentinelName,
      sentinelUsername: options.sentinelUsername,
      sentinelPassword: options.sentinelPassword,
      sentinelRetryStrategy: backoffMs,
      sentinelCommandTimeout: ANSWER_TIMEOUT_MS,
      ...(options.tls === undefined ? {} : { sentinelTLS: tlsOptions(options.tls), enableTLSForSentinelMode: true }),
      retryStrategy: backoffMs,
      enableOfflineQueue: false,
      db: options.database ?? 0,
    } satisfies RedisOptions;
  }
  if (others.length > 0) throw invalid(`mode "single" takes one address, not ${options.addresses.length}`);
  return {
    ...connectionOptions(options),
    ...address,
    retryStrategy: backoffMs,
    enableOfflineQueue: false,
    db: options.database ?? 0,
  } satisfies RedisOptions;
}

/** ioredis's options of a cluster, and the servers to ask about the others. */
export function clusterOptions(options: RedisStoreOptions) {
  if ((options.database ?? 0) !== 0) throw invalid(`database has to be 0 in a cluster, not ${options.database}`);
  const nodes = parsedAddresses(options).map(tcpAddress);
  if (nodes.length === 0) throw invalid('addresses has to name at least one server of the cluster');
  return {
    nodes,
    options: {
      redisOptions: connectionOptions(options),
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: backoffMs,
      slotsRefreshInterval: CLUSTER_REFRESH_MS,
      slotsRefreshTimeout: ANSWER_TIMEOUT_MS,
      maxRedirections: CLUSTER_ATTEMPTS,
    } satisfies ClusterOptions,
  };
}

/** What connections have in common. */
function connectionOptions(options: RedisStoreOptions) {
  return {
    username: options.username,
    password: options.password,
    ...(options.tls === undefined ? {} : { tls: tlsOptions(options.tls) }),
    lazyConnect: true,
    connectionName: 'weir',
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: ANSWER_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    // A batch that was under way is written again from the queue, in its order.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // A master that was made a replica.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  };
}

function tlsOptions({ ca, certificate, key, serverName }: RedisTls): ConnectionOptions {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

type Address = { readonly host: string; readonly port: number } | { readonly path: string };

function parsedAddresses({ addresses }: RedisStoreOptions): Address[] {
  return addresses.map((address) => {
    if (address.startsWith('/')) return { path: address };
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address) ?? [];
    const host = bracketed ?? plain;
    if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw invalid(`expected host:port, such as 10.0.0.5:6379 or [2001:db8::5]:6379, got "${address}"`);
    }
    return { host, port: Number(port) };
  });
}

function tcpAddress(address: Address): { host: string; port: number } {
  if ('path' in address) throw invalid(`only mode "single" takes a socket such as ${address.path}; give host:port`);
  return address;
}

const invalid = (problem: string) => new StateSyncError('STORE_OPTIONS_INVALID', `Redis: ${problem}`);
