export type { HealthCheck, HttpProbe, Probe, ProbeTarget, ProbeTls } from './health-check.js';
