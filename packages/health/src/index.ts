export type { ProbeResult } from './attempt.js';
export type { AttemptCount } from './attempt-window.js';
export type { HealthCheck, HttpProbe, Probe, ProbeTarget, ProbeTls } from './health-check.js';
export {
  type BackendHealth,
  type CheckedBackend,
  type HealthChange,
  HealthMonitor,
  type HealthMonitorOptions,
} from './health-monitor.js';
export { ProbeSocketError } from './libc.js';
export {
  nextWatched,
  type PassiveCheck,
  type Watched,
  type WatchedBackend,
  type WatchedService,
} from './passive-check.js';
export { probe } from './probe.js';
export type { Damping, Verdict } from './verdict.js';
