import type { BackendHealth, Watched } from '@weir/health';
import type { PlannedProbe } from './health-probes.js';
import type { BackendReport } from './health-report.js';

/** What probes found out about a backend. */
export function probedReport({ service, backend }: PlannedProbe, status: BackendHealth): BackendReport {
  const { verdict, reason, sinceMs, isHeld, last, goodProbes, badProbes, changes } = status;
  // Written out: of ten thousand backends, to put objects together takes several times as long.
  return last === undefined
    ? { service, backend, verdict, reason, sinceMs, isHeld, goodProbes, badProbes, changes }
    : { service, backend, verdict, reason, sinceMs, isHeld, goodProbes, badProbes, changes, latencyMs: last.latencyMs };
}

/** Of a backend that has no probes, but whose connections are looked at. */
export function unprobedReport(service: string, backend: string, sinceMs: number): BackendReport {
  const none = { isHeld: false, goodProbes: 0, badProbes: 0, changes: 0 };
  return { service, backend, verdict: 'up', reason: 'connections are looked at', sinceMs, ...none };
}

/**
 * The same while connections of clients fail there.
 * @param nowMs  of the clock of `ejection`
 */
export function leftOut(report: BackendReport, ejection: Watched & { kind: 'out' }, nowMs: number): BackendReport {
  const at = (ms: number) => Date.now() + ms - nowMs;
  const { reason, sinceMs, untilMs } = ejection;
  return { ...report, verdict: 'down', reason, sinceMs: at(sinceMs), leftOutUntilMs: at(untilMs) };
}
