import type { z } from 'zod';
import type { Endpoint } from './endpoint-schema.js';
import { definedOf } from './plain-values.js';
import type { state } from './state-schema.js';

type StateDocument = z.output<typeof state>;
type RedisDocument = NonNullable<StateDocument['redis']>;

/** Where flows are shared that live longer, and how much of it. */
export type StateConfig = SharingConfig &
  ({ readonly store: 'memory' } | { readonly store: 'redis'; readonly redis: RedisConfig });

interface SharingConfig {
  /** What every key begins with. */
  readonly keyPrefix: string;
  /** How old a flow is before it is shared. */
  readonly tellAfterMs: number;
  /** Packets of unknown flows; 0: none. */
  readonly takeoversPerSecond: number;
  /** Flows that wait for the store, at most. */
  readonly queue: number;
  readonly batchDelayMs: number;
}

/** How the servers are reached. Files are named, not read. */
export interface RedisConfig {
  /** At least one; of the server, of Sentinels, or of nodes of the Cluster. */
  readonly addresses: readonly Endpoint[];
  readonly mode: 'single' | 'sentinel' | 'cluster';
  /** Exactly with mode sentinel. */
  readonly sentinelName?: string;
  readonly username?: string;
  /** At most one of it and {@link passwordFile}. */
  readonly password?: string;
  /** Absolute path; the first line is the password. */
  readonly passwordFile?: string;
  readonly sentinelUsername?: string;
  /** At most one of it and {@link sentinelPasswordFile}. */
  readonly sentinelPassword?: string;
  readonly sentinelPasswordFile?: string;
  /** Absent: plain text. */
  readonly tls?: TlsConfig;
  /** 0 with mode cluster. */
  readonly database: number;
}

/** Absolute paths of PEM files; a certificate never comes without its key. */
export interface TlsConfig {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly serverName?: string;
}

export function stateConfigOf(document: StateDocument): StateConfig {
  const { store, redis, keyPrefix, tellAfter, takeoversPerSecond, queue, batchDelay } = document;
  const sharing = { keyPrefix, tellAfterMs: tellAfter, takeoversPerSecond, queue, batchDelayMs: batchDelay };
  return store === 'memory'
    ? { store, ...sharing }
    : { store, redis: redisConfigOf(redis as RedisDocument), ...sharing };
}

function redisConfigOf({ tls, addresses, mode, database, ...texts }: RedisDocument): RedisConfig {
  return {
    addresses,
    mode,
    ...definedOf(texts),
    ...(tls === false ? {} : { tls: tls === true ? {} : definedOf(tls) }),
    database,
  };
}
