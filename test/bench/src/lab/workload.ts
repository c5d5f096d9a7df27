import type { LabHost } from '@weir/lab';
import { parseWrkReport, type WrkReport } from './wrk-report.js';

/** What the client does. */
export interface Workload {
  readonly name: 'keep-alive' | 'one connection per request';
  readonly arguments: readonly string[];
}

/** 64 connections are enough to keep two CPUs busy, and few enough that none waits in a queue for long. */
const CONNECTIONS = 64;

export const workloads: readonly Workload[] = [
  { name: 'keep-alive', arguments: [] },
  { name: 'one connection per request', arguments: ['-H', 'Connection: close'] },
];

/** wrk takes so long to end at most, after the time that it was given. */
const GRACE_MS = 30_000;

/** Loads a URL with wrk from a host. */
export async function runWrk(client: LabHost, url: string, workload: Workload, seconds: number): Promise<WrkReport> {
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, ...workload.arguments, url];
  return parseWrkReport(await client.output('wrk', args, { timeoutMs: seconds * 1000 + GRACE_MS }));
}
