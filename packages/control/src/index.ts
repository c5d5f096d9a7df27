export type { AdminConfig, AdminRoleConfig } from './admin-config.js';
export type { AnnounceConfig } from './announce-config.js';
export { ChangeError, type ChangeErrorCode } from './change/change-error.js';
export type {
  Changed,
  ChangeOptions,
  ConfigChanges,
  EntryOrigin,
  TimeoutsInput,
  WantedState,
  WrittenBackend,
  WrittenService,
} from './change/config-changes.js';
export { type FieldChange, fieldChanges } from './change/field-changes.js';
export type { ClusterLog } from './cluster/cluster-log.js';
export type { ClusterConfigSource, NodeRegistration } from './cluster/config-source.js';
export { readNodeRecords } from './cluster/read-node-records.js';
export type { ClusterStatus, EtcdConfig, FollowedBackend, NodeCondition, NodeRecord } from './cluster-config.js';
export { ConfigError, type ConfigErrorCode, type ConfigProblem, InvalidConfigError } from './config-error.js';
export type { DiscoveredBackend, Discovery, DiscoveryEvent } from './discovery/discovery.js';
export type { DiscoveryConfig, DnsDiscoveryConfig } from './discovery/discovery-config.js';
export { openDiscoveringSource as openConfigSource } from './discovery/open-discovering-source.js';
export { duration } from './duration.js';
export { type Endpoint, endpoint } from './endpoint-schema.js';
export { backoffMs } from './etcd/backoff.js';
export type { EtcdClientConfig } from './etcd/etcd-access.js';
export { connectEtcd, type EtcdConnection } from './etcd/etcd-connection.js';
export { troubleText } from './etcd/etcd-trouble.js';
export { keepAlive } from './etcd/keep-alive.js';
export { keyPart } from './etcd-schema.js';
export { followFile } from './follow-file.js';
export type { MinHealthy } from './health-schema.js';
export { issueText } from './issue-text.js';
export type { ListenerConfig } from './listener.js';
export type { BgpConfig, NodeConfig, PeerConfig, TimeoutsConfig } from './node-config.js';
export type { MemberConfig, NodesConfig } from './nodes-config.js';
export { NODES_MAX } from './nodes-schema.js';
export { loadNodeConfig, nodeConfigJsonSchema, parseNodeConfig } from './parse-node-config.js';
export { parseServices } from './parse-services.js';
export type { PassiveCheckConfig } from './passive-check-config.js';
export type { PortRange } from './port-schema.js';
export { redisAccess } from './redis-access.js';
export type { RolloutPlan } from './rollout/plan-rollout-steps.js';
export {
  deleteRollout,
  listRollouts,
  planRollout,
  type Rollout,
  type RolloutTrial,
  setRolloutWish,
  startRollout,
} from './rollout/rollout-client.js';
export { startRolloutDriver } from './rollout/rollout-driver.js';
export type { RolloutDriver, RolloutDriverOptions } from './rollout/rollout-driver-port.js';
export { RolloutError, type RolloutErrorCode } from './rollout/rollout-error.js';
export type { RolloutEtcd } from './rollout/rollout-etcd.js';
export type { RolloutDocument, RolloutKind, RolloutSpec, RolloutWish } from './rollout/rollout-schema.js';
export type { RolloutStage, RolloutState, RolloutStatus, RolloutStep } from './rollout/rollout-status.js';
export { watchRollout } from './rollout/watch-rollout.js';
export type { SecondChanceConfig } from './second-chance-config.js';
export type { BackendConfig, PersistenceConfig, PinningConfig, ServiceConfig } from './service-config.js';
export type { DampingConfig, HealthCheckConfig, ProbeConfig, ProbeTlsConfig } from './service-health.js';
export { type BackendDocument, type BackendInput, backendSchema, type ServiceInput } from './service-schema.js';
export type { RedisConfig, StateConfig, TlsConfig } from './state-config.js';
export type { VrrpConfig, VrrpPeerConfig } from './vrrp-config.js';
export { type ConfigEvent, type ConfigSource, type WatchOptions, watchNodeConfig } from './watch-node-config.js';
