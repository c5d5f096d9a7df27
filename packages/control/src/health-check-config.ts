import type { BackendHealthCheckDocument, HealthCheckDocument } from './health-schema.js';
import { definedOf } from './plain-values.js';
import type { HealthCheckConfig, ProbeConfig, ProbeTlsConfig } from './service-health.js';

export type ProbeKind = HealthCheckDocument['kind'];

const http = ['port', 'path', 'method', 'host', 'status', 'body'] as const;

/** Keys of a check that have a meaning with one kind and none with another. */
export const keysOfKind: Readonly<Record<ProbeKind, readonly (keyof HealthCheckDocument)[]>> = {
  icmp: [],
  tcp: ['port'],
  syn: ['port'],
  http,
  https: [...http, 'tls'],
  dns: ['port', 'name', 'recordType', 'transport'],
  grpc: ['port', 'service', 'tls'],
  script: ['port', 'command'],
};

const keysOfSome: ReadonlySet<string> = new Set(Object.values(keysOfKind).flat());

/** Keys that mean nothing with this kind. */
export function isStrangeTo(kind: ProbeKind, key: string): boolean {
  return keysOfSome.has(key) && !keysOfKind[kind].some((known) => known === key);
}

/**
 * A backend's own keys over the service's. Where its kind is another one, it takes from the service what means something
 * there.
 * @returns undefined: off, or without a kind
 */
export function mergedCheck(
  service: HealthCheckDocument | 'off',
  own: BackendHealthCheckDocument | 'off' | undefined,
): HealthCheckDocument | undefined {
  if (own === 'off') return undefined;
  const inherited = service === 'off' ? {} : service;
  const kind = own?.kind ?? (service === 'off' ? undefined : service.kind);
  if (kind === undefined) return undefined;
  const meaningful = Object.entries(inherited).filter(([key]) => !isStrangeTo(kind, key));
  return { ...Object.fromEntries(meaningful), ...definedOf(own ?? {}), kind };
}

/** Defaults of the times, in ms, which follow from each other. */
export function timesOf({ interval = 2000, fastInterval, timeout }: Partial<HealthCheckDocument>) {
  return {
    intervalMs: interval,
    fastIntervalMs: fastInterval ?? Math.max(100, Math.round(interval / 4)),
    timeoutMs: timeout ?? Math.min(1000, interval),
  };
}

/** What a check becomes, with every default. */
export function healthCheckConfigOf(check: HealthCheckDocument): HealthCheckConfig {
  const { port, rise = 2, fall = 3, damping } = check;
  return {
    probe: probeOf(check),
    ...(port === undefined ? {} : { port }),
    ...timesOf(check),
    rise,
    fall,
    ...(damping === undefined || damping === 'off'
      ? {}
      : { damping: { changes: damping.changes, withinMs: damping.within, holdMs: damping.hold } }),
  };
}

function probeOf(check: HealthCheckDocument): ProbeConfig {
  const { kind, name = '', recordType = 'A', transport = 'udp', service = '', command = [] } = check;
  switch (kind) {
    case 'http':
      return httpOf(check);
    case 'https':
      return { ...httpOf(check), tls: tlsOf(check.tls ?? {}) };
    case 'dns':
      return { kind, name, recordType, transport };
    case 'grpc':
      return { kind, service, ...(check.tls === undefined ? {} : { tls: tlsOf(check.tls) }) };
    case 'script':
      return { kind, command };
    default:
      return { kind };
  }
}

function httpOf({ path = '/', method = 'GET', host, status = [[200, 399]], body }: HealthCheckDocument) {
  return {
    kind: 'http' as const,
    path,
    method,
    status,
    ...(host === undefined ? {} : { host }),
    ...(body === undefined ? {} : { body }),
  };
}

function tlsOf({ serverName, verify = false, ca }: NonNullable<HealthCheckDocument['tls']>): ProbeTlsConfig {
  return {
    verify,
    ...(serverName === undefined ? {} : { serverName }),
    ...(ca === undefined ? {} : { ca }),
  };
}
