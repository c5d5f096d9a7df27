export type { AnnounceConfig } from './announce-config.js';
export { ConfigError, type ConfigErrorCode, type ConfigProblem, InvalidConfigError } from './config-error.js';
export type { ListenerConfig } from './listener.js';
export type { BgpConfig, NodeConfig, PeerConfig, TimeoutsConfig } from './node-config.js';
export { loadNodeConfig, nodeConfigJsonSchema, parseNodeConfig } from './parse-node-config.js';
export type { PortRange } from './port-schema.js';
export type { SecondChanceConfig } from './second-chance-config.js';
export type { BackendConfig, PersistenceConfig, PinningConfig, ServiceConfig } from './service-config.js';
export { type ConfigEvent, type ConfigSource, type WatchOptions, watchNodeConfig } from './watch-node-config.js';
