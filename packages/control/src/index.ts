export { ConfigError, type ConfigErrorCode, type ConfigProblem, InvalidConfigError } from './config-error.js';
export type {
  AnnounceConfig,
  BackendConfig,
  BgpConfig,
  NodeConfig,
  PeerConfig,
  ServiceConfig,
} from './node-config.js';
export { loadNodeConfig, nodeConfigJsonSchema, parseNodeConfig } from './parse-node-config.js';
export { type ConfigEvent, type ConfigSource, type WatchOptions, watchNodeConfig } from './watch-node-config.js';
