import {
  type Backend,
  type BackendSpec,
  backendSpecOf,
  type Entry,
  type Health,
  HealthVerdict,
  Origin,
} from '@weir/admin-api';
import type { BackendConfig, ServiceConfig, WrittenBackend } from '@weir/control';
import type { BackendCount, ForwardingService } from '@weir/dataplane';
import type { BackendReport } from '../health-report.js';
import { memberId } from '../member-id.js';
import { takesNewFlows } from '../used-backends.js';
import { durationOf } from './duration-message.js';

/** A backend, whichever of these knows it. */
export interface KnownBackend {
  readonly service: string;
  readonly name: string;
  /** Undefined: found by `discovery`, or a fallback. */
  readonly written: WrittenBackend | undefined;
  /** Undefined: not in force. */
  readonly config: BackendConfig | undefined;
}

/** A service as it is in force. */
export interface LiveService {
  readonly config: ServiceConfig;
  /** The same as health has it at the moment. */
  readonly used: ServiceConfig;
  readonly tables: ForwardingService;
}

export interface LiveBackend extends KnownBackend {
  /** Undefined: not in force. */
  readonly live: LiveService | undefined;
  readonly report: BackendReport | undefined;
  readonly count: BackendCount | undefined;
  readonly isReachable: boolean;
}

export function backendMessage(backend: LiveBackend): Backend {
  const { service, written, config, live, report, count } = backend;
  const share = live && config && rowShare(live.tables, config);
  return {
    service,
    spec: written === undefined ? specOfConfig(config as BackendConfig) : backendSpecOf(written.document as Entry),
    revision: written?.revision ?? '',
    origin: originOf(backend),
    health: healthMessage(report),
    effectiveWeight: effectiveWeight(backend),
    traffic: {
      packets: BigInt(count?.packets ?? 0),
      bytes: BigInt(count?.bytes ?? 0),
      activeConnections: BigInt(count?.activeConnections ?? 0),
      inactiveConnections: BigInt(count?.inactiveConnections ?? 0),
    },
    ...(share === undefined ? { rowShare: undefined } : { rowShare: share }),
    isFallback: config?.isFallback === true,
    isReachable: backend.isReachable,
  };
}

function originOf({ written, config }: KnownBackend): Origin {
  if (written === undefined) return config?.isFallback === true ? Origin.UNSPECIFIED : Origin.DISCOVERY;
  return { file: Origin.FILE, etcd: Origin.ETCD, running: Origin.RUNNING }[written.origin];
}

function specOfConfig({ name, address, port, weight, maxConnections }: BackendConfig): BackendSpec {
  return backendSpecOf({
    name,
    address,
    weight,
    ...(port === undefined ? {} : { port }),
    ...(maxConnections === 0 ? {} : { maxConnections }),
  });
}

function healthMessage(report: BackendReport | undefined): Health {
  if (report === undefined) {
    const unchecked = { verdict: HealthVerdict.UNCHECKED, reason: '', since: undefined, isHeld: false };
    return { ...unchecked, latency: undefined, goodProbes: 0n, badProbes: 0n };
  }
  const { verdict, reason, sinceMs, isHeld, latencyMs, goodProbes, badProbes } = report;
  return {
    verdict: verdict === 'up' ? HealthVerdict.UP : HealthVerdict.DOWN,
    reason,
    since: new Date(sinceMs),
    isHeld,
    latency: latencyMs === undefined ? undefined : durationOf(latencyMs),
    goodProbes: BigInt(goodProbes),
    badProbes: BigInt(badProbes),
  };
}

function effectiveWeight({ config, live, isReachable }: LiveBackend): number {
  if (config === undefined || live === undefined || !isReachable) return 0;
  const weights = weighed.get(live) ?? weigh(live);
  weighed.set(live, weights);
  return weights.get(config.name) ?? 0;
}

/** Weights by name; found once for each service of an answer. */
const weighed = new WeakMap<LiveService, ReadonlyMap<string, number>>();

function weigh(live: LiveService): ReadonlyMap<string, number> {
  const scale = scaleOf(live);
  const weights = new Map<string, number>();
  for (const [at, backend] of live.used.backends.entries()) {
    // A fallback may have the name of a backend, and comes after it.
    if (weights.has(backend.name)) continue;
    const inTables = live.tables.backends[at]?.weight ?? backend.weight;
    weights.set(backend.name, takesNewFlows(backend) ? Math.round(inTables / scale) : 0);
  }
  return weights;
}

/** While weights grow, the tables have them in finer parts: one that has grown already shows how many. */
function scaleOf({ used, tables }: LiveService): number {
  if (used.slowStartMs === 0) return 1;
  const scales = used.backends.map(({ weight }, at) =>
    weight === 0 ? 0 : (tables.backends[at]?.weight ?? 0) / weight,
  );
  return Math.max(1, ...scales);
}

/** How many rows each backend of a table has; counted once for each table. */
const countedRows = new WeakMap<ForwardingService, ReadonlyMap<string, number>>();

/** Undefined: its scheduler does not look into rows. */
function rowShare(tables: ForwardingService, backend: BackendConfig): number | undefined {
  const { scheduling, rows } = tables;
  if (scheduling.pick !== 'hash' && scheduling.pick !== 'choices') return undefined;
  const step = scheduling.pick === 'choices' ? scheduling.choices : 1;
  const total = rows.length / step;
  if (total === 0) return 0;
  const counted = countedRows.get(tables) ?? countRows(tables, step);
  countedRows.set(tables, counted);
  return (counted.get(memberId(backend)) ?? 0) / total;
}

function countRows({ rows, backends }: ForwardingService, step: number): ReadonlyMap<string, number> {
  const counts = new Uint32Array(backends.length);
  for (let row = 0; row < rows.length; row += step) {
    const at = rows[row] as number;
    if (at < counts.length) counts[at] = (counts[at] as number) + 1;
  }
  return new Map(
    backends.map(({ address, port }, at) => [
      memberId(port === undefined || port === 0 ? { address } : { address, port }),
      counts[at] as number,
    ]),
  );
}
