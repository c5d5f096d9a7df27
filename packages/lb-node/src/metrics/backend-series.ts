import type { BackendConfig, ServiceConfig } from '@weir/control';
import type { BackendCount, ServiceCount } from '@weir/dataplane';
import { serviceId } from '@weir/dataplane';
import { serviceKeyOf } from '../forwarding-tables.js';
import type { BackendReport } from '../health-report.js';
import { memberId } from '../member-id.js';
import type { NodeFigures } from './node-figures.js';
import type { SeriesLabels, ServiceLabels } from './series-labels.js';

/** A service with the labels of its series. */
export interface ServiceSeries {
  /** Labels, as `labels` makes them. */
  readonly open: Uint8Array;
  /** Absent: it is counted, and not configured any more. */
  readonly config: ServiceConfig | undefined;
  /** Absent: the data plane does not have it yet. */
  readonly count: ServiceCount | undefined;
  readonly backends: readonly BackendSeries[];
}

export interface BackendSeries {
  /** Labels, as `labels` makes them. */
  readonly open: Uint8Array;
  readonly config: BackendConfig | undefined;
  readonly count: BackendCount | undefined;
  /** Absent: it has no health check, or was not planned yet. */
  readonly health: BackendReport | undefined;
}

/** Series of a node, service by service: what is configured, and what is still counted though it is not. */
export interface NodeSeries {
  readonly services: readonly ServiceSeries[];
  /** Whether backends have series of their own: there are no more of them than `metrics.backendsMax`. */
  readonly showsBackends: boolean;
}

/**
 * Brings together what the parts say of the same service and the same backend. Series are told apart by the names that the
 * configuration has for both; a backend that it does not have is named by its address.
 */
export function nodeSeries(
  { config, counters, health }: NodeFigures,
  backendsMax: number,
  labels: SeriesLabels,
): NodeSeries {
  labels.use(config);
  const counts = new Map(counters.services.map((count) => [serviceId(count), count]));
  const reports = reportsByService(health.backends);
  const services = config.services.map((service) => {
    const [listener] = service.listeners;
    const id = listener === undefined ? '' : serviceId(serviceKeyOf(listener));
    const count = counts.get(id);
    counts.delete(id);
    return serviceSeries(labels.ofService(service.name), service, count, reports.get(service.name));
  });
  const former = [...counts].map(([id, count]) => serviceSeries(labels.ofService(id), undefined, count, undefined));
  const all = [...services, ...former];
  const backends = all.reduce((sum, service) => sum + service.backends.length, 0);
  return { services: all, showsBackends: backends <= backendsMax };
}

type Reports = ReadonlyMap<string, BackendReport>;

function reportsByService(reports: readonly BackendReport[]): ReadonlyMap<string, Reports> {
  const byService = new Map<string, Map<string, BackendReport>>();
  for (const report of reports) {
    const ofService = byService.get(report.service) ?? new Map<string, BackendReport>();
    byService.set(report.service, ofService.set(report.backend, report));
  }
  return byService;
}

function serviceSeries(
  labels: ServiceLabels,
  config: ServiceConfig | undefined,
  count: ServiceCount | undefined,
  reports: Reports | undefined,
): ServiceSeries {
  const counts = new Map(count?.backends.map((backend) => [memberIdOf(backend), backend]));
  const ids = new Set([...(config?.backends ?? []).map(memberId), ...counts.keys()]);
  const taken = new Set<string>();
  const backendSeries = (id: string, backend: BackendConfig | undefined): BackendSeries => {
    // Two series of the same labels would spoil the whole page.
    const label = backend === undefined || taken.has(backend.name) || ids.has(backend.name) ? id : backend.name;
    taken.add(label);
    const health = backend === undefined ? undefined : reports?.get(backend.name);
    return { open: labels.ofBackend(label), config: backend, count: takeFrom(counts, id), health };
  };
  const configured = (config?.backends ?? []).map((backend) => backendSeries(memberId(backend), backend));
  const former = [...counts.keys()].map((id) => backendSeries(id, undefined));
  return { open: labels.open, config, count, backends: [...configured, ...former] };
}

function takeFrom<T>(map: Map<string, T>, key: string): T | undefined {
  const value = map.get(key);
  map.delete(key);
  return value;
}

function memberIdOf({ address, port }: BackendCount): string {
  return memberId(port === 0 ? { address } : { address, port });
}
