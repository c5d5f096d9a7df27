export type { CommandOptions, CommandResult } from './command.js';
export { Lab } from './lab.js';
export { LabError, type LabErrorCode } from './lab-error.js';
export { LabHost, type LabLink, type RunOptions, type SpawnOptions } from './lab-host.js';
export { LabProcess, type ProcessEnd } from './lab-process.js';
export { findProgram } from './program.js';
export { removeLeftovers } from './run.js';
export {
  type ClusterHost,
  type StandardCluster,
  type StandardClusterOptions,
  standardCluster,
} from './standard-cluster.js';
export type { Host, HostEnd, Link, Route, Switch, SwitchEnd, Topology } from './topology.js';
export { type Deadline, waitUntil } from './wait-until.js';
