import { redisAccess, type StateConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import { type FlowStore, MemoryStore, openRedisStore } from '@weir/state-sync';

/**
 * Opens the store of shared flows; Redis is connected to in the background.
 * @throws {ConfigError | StateSyncError} CONFIG_UNREADABLE, STORE_OPTIONS_INVALID
 */
export async function openStore(state: StateConfig, logger: Logger): Promise<FlowStore> {
  if (state.store === 'memory') return new MemoryStore();
  const { mode, addresses, database, sentinelName, username, sentinelUsername } = state.redis;
  return openRedisStore({
    mode,
    addresses: addresses.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`),
    database,
    keyPrefix: state.keyPrefix,
    ...(sentinelName === undefined ? {} : { sentinelName }),
    ...(username === undefined ? {} : { username }),
    ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
    ...(await redisAccess(state.redis)),
    log: (level, message, details) => logger[level](details, message),
  });
}
