export { FLOW_SECRET_BYTES } from './flow-id.js';
export { STATE_RECORD_VERSION } from './flow-record.js';
export type { FlowStore } from './flow-store.js';
export type { IdleTimeouts } from './idle-timeouts.js';
export { MemoryStore, type MemoryStoreOptions } from './memory-store.js';
export { ownerNumber } from './owner-number.js';
export { openPresence, type Presence, type PresenceChange, type PresenceOptions } from './presence.js';
export { DEFAULT_KEY_PREFIX, type RedisStoreOptions, type RedisTls } from './redis-options.js';
export { openRedisStore } from './redis-store.js';
export {
  type FlowReplication,
  type FoundFlow,
  openReplication,
  type ReplicationOptions,
  type ReplicationStatus,
} from './replication.js';
export { StateSyncError, type StateSyncErrorCode } from './state-sync-error.js';
export type { StoreLog } from './store-log.js';
