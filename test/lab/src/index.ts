export { AckFlood, type AckFloodOptions } from './ack-flood.js';
export { BULK_FILE_BYTES, BULK_FILE_SHA256 } from './bulk-file.js';
export {
  CHECKED_PORT,
  CheckedConnections,
  type CheckedConnectionsOptions,
  CheckedServer,
  type ConnectionsReport,
  type LostConnection,
  startCheckedServer,
} from './checked-connections.js';
export { type CommandOptions, type CommandResult, runCommand } from './command.js';
export { askDns, DNS_NAME, startDnsServer } from './dns-server.js';
export { ECHO_PORT, startEchoServer, type UdpEchoOptions, type UdpEchoResult, udpEcho } from './echo.js';
export { EtcdDeployment, startEtcd, startEtcdCluster } from './etcd-deployment.js';
export { EtcdServer, type EtcdServerOptions } from './etcd-server.js';
export { type BfdPace, type BfdPeer, startBfd } from './frr-bfd.js';
export type { RouterListenRange, RouterNeighbor, RouterOptions } from './frr-configuration.js';
export { flowHops, type RoutedFlows } from './frr-flow-hops.js';
export { bgpPaths, type RouterPath } from './frr-path.js';
export { ResilientRoutes } from './frr-resilient-routes.js';
export { FrrRouter, type RouterPeer, type RouterRoute, startRouter } from './frr-router.js';
export { HttpLoad, type HttpLoadOptions, type HttpResult } from './http-load.js';
export { IPERF_PORT, type IperfOptions, type IperfResult, runIperfUntil } from './iperf.js';
export { hasVlanInterfaces } from './kernel-features.js';
export { Lab } from './lab.js';
export { LabError, type LabErrorCode } from './lab-error.js';
export { LabHost, type LabLink, type RunOptions, type SpawnOptions } from './lab-host.js';
export { LabProcess, type ProcessEnd } from './lab-process.js';
export { type BackendPage, type NginxOptions, startNginx } from './nginx.js';
export { NodeSupervisor } from './node-supervisor.js';
export { PacketCapture, type PacketCaptureOptions } from './packet-capture.js';
export { findProgram } from './program.js';
export { type RedisDeployment, startRedis, startRedisCluster, startSentinels } from './redis-deployment.js';
export { RedisServer, type RedisServerOptions } from './redis-server.js';
export { removeLeftovers } from './run.js';
export { type BackendDocument, type ServiceDocument, standardServices, vipsOf } from './service-document.js';
export {
  type ClusterHost,
  type ClusterNode,
  type StandardCluster,
  type StandardClusterOptions,
  standardCluster,
} from './standard-cluster.js';
export { tcpRetransmissions } from './tcp-retransmissions.js';
export { TcpSessions, type TcpSessionsOptions } from './tcp-sessions.js';
export type { Host, HostEnd, Link, Route, Switch, SwitchEnd, Topology, Vlan } from './topology.js';
export { type TwoArmClusterOptions, twoArmCluster } from './two-arm-cluster.js';
export { type Deadline, waitUntil } from './wait-until.js';
export { WeirCluster, type WeirClusterOptions } from './weir-cluster.js';
export {
  type BackendCounters,
  type NodeCounters,
  REAL_SERVER,
  type SharingCounters,
  startRealServer,
  type WeirDocument,
  WeirNode,
  type WeirNodeOptions,
  weirDocument,
} from './weir-daemons.js';
