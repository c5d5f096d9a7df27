import type { Contradiction, SoundParts } from './contradiction.js';
import { isStrangeTo, keysOfKind, mergedCheck, type ProbeKind, timesOf } from './health-check-config.js';
import type { BackendHealthCheckDocument, HealthCheckDocument } from './health-schema.js';
import { listenersOf } from './listener.js';
import type { ServiceDocument } from './service-schema.js';

/** What is wrong within a health check, and between those of a service and of its backends. */
export function healthContradictions({ services }: SoundParts): Contradiction[] {
  return [...services].flatMap(([i, service]) =>
    [
      ...ofServiceCheck(service),
      ...ofBackendChecks(service),
      ...ofPorts(service),
      ...ofMinHealthy(service),
      ...ofPassiveCheck(service),
    ].map(({ path, message }) => ({ path: ['services', i, ...path], message })),
  );
}

function ofServiceCheck({ healthCheck }: ServiceDocument): Contradiction[] {
  if (healthCheck === 'off') return [];
  return ofCheck(healthCheck, healthCheck).map(({ path, message }) => ({ path: ['healthCheck', ...path], message }));
}

function ofBackendChecks({ healthCheck, backends }: ServiceDocument): Contradiction[] {
  return [...backends.entries()].flatMap(([at, { healthCheck: own }]) => {
    if (own === undefined || own === 'off') return [];
    const merged = mergedCheck(healthCheck, own);
    const found: Contradiction[] =
      merged === undefined
        ? [{ path: ['kind'], message: 'is missing, and the service has no healthCheck that it could come from' }]
        : ofCheck(merged, own);
    return found.map(({ path, message }) => ({ path: ['backends', at, 'healthCheck', ...path], message }));
  });
}

/** @param own  the keys that are said here, of those that `check` has; what others say is wrong there */
function ofCheck(check: HealthCheckDocument, own: BackendHealthCheckDocument): Contradiction[] {
  return [...ofKind(check.kind, own), ...ofNeeds(check), ...ofTls(own), ...ofBody(check, own), ...ofTimes(check, own)];
}

function ofKind(kind: ProbeKind, own: BackendHealthCheckDocument): Contradiction[] {
  return Object.keys(own)
    .filter((key) => isStrangeTo(kind, key))
    .map((key) => ({
      path: [key],
      message: `has no meaning with kind ${kind}; leave it out, or set kind to ${kindsWith(key).join(' or ')}`,
    }));
}

function kindsWith(key: string): readonly string[] {
  return Object.entries(keysOfKind)
    .filter(([, keys]) => keys.some((known) => known === key))
    .map(([kind]) => kind);
}

function ofNeeds({ kind, name, command }: HealthCheckDocument): Contradiction[] {
  if (kind === 'dns' && name === undefined) {
    return [{ path: ['name'], message: 'is missing; kind dns asks for a name that the backend knows' }];
  }
  if (kind === 'script' && command === undefined) {
    return [{ path: ['command'], message: 'is missing; kind script runs a program, such as [/usr/local/bin/check]' }];
  }
  return [];
}

function ofTls({ tls }: BackendHealthCheckDocument): Contradiction[] {
  if (tls?.ca === undefined || tls.verify === true) return [];
  return [{ path: ['tls', 'ca'], message: 'has no meaning without verify: true, which looks at who signed' }];
}

function ofBody({ method }: HealthCheckDocument, { body }: BackendHealthCheckDocument): Contradiction[] {
  if (body === undefined || method !== 'HEAD') return [];
  return [{ path: ['body'], message: "can't be had with method HEAD, whose answers have no body; use GET" }];
}

function ofTimes(check: HealthCheckDocument, own: BackendHealthCheckDocument): Contradiction[] {
  const { intervalMs, fastIntervalMs, timeoutMs } = timesOf(check);
  const longer = (key: 'fastInterval' | 'timeout', ms: number, why: string): Contradiction[] => {
    const where = [key, 'interval' as const].find((candidate) => own[candidate] !== undefined);
    if (ms <= intervalMs || where === undefined) return [];
    const message =
      where === key
        ? `is longer than interval, ${intervalMs} ms; ${why}`
        : `is shorter than ${key}, ${ms} ms, which comes from the service`;
    return [{ path: [where], message }];
  };
  return [
    ...longer('fastInterval', fastIntervalMs, 'while the verdict may be changing, probes come more often and not less'),
    ...longer('timeout', timeoutMs, 'a probe ends before the next one begins'),
  ];
}

/** A probe to a port needs one port. */
function ofPorts(service: ServiceDocument): Contradiction[] {
  const port = listenersOf(service, 0)[0]?.listener.port;
  if (typeof port === 'number' || port === undefined) return [];
  const without = [...service.backends.entries()].filter(([, { healthCheck, port: own }]) => {
    const check = mergedCheck(service.healthCheck, healthCheck);
    if (check === undefined || own !== undefined || check.kind === 'script') return false;
    return !isStrangeTo(check.kind, 'port') && check.port === undefined;
  });
  const message = 'is missing; the service has no single port that a probe could go to';
  const places = without.map(([at, { healthCheck }]) =>
    healthCheck === undefined ? ['healthCheck', 'port'] : ['backends', at, 'healthCheck', 'port'],
  );
  return [...new Map(places.map((path) => [path.join(), { path, message }])).values()];
}

function ofPassiveCheck(service: ServiceDocument): Contradiction[] {
  const { passiveCheck } = service;
  if (passiveCheck === 'off') return [];
  const found: Contradiction[] = [];
  if (listenersOf(service, 0).every(({ listener }) => listener.protocol !== 'tcp')) {
    const message =
      'has no meaning without a listener of protocol tcp; of others nobody sees whether they are answered';
    found.push({ path: ['passiveCheck'], message });
  }
  const { ejectFor, maxEjectFor } = passiveCheck;
  if (maxEjectFor < ejectFor) {
    const message = `is shorter than ejectFor, ${ejectFor} ms; it is the longest time that a backend is out`;
    found.push({ path: ['passiveCheck', 'maxEjectFor'], message });
  }
  return found;
}

function ofMinHealthy({ minHealthy, healthCheck, passiveCheck, backends }: ServiceDocument): Contradiction[] {
  const isChecked = backends.some(({ healthCheck: own }) => mergedCheck(healthCheck, own) !== undefined);
  if (minHealthy === 0 || isChecked || healthCheck !== 'off' || passiveCheck !== 'off') return [];
  return [
    {
      path: ['minHealthy'],
      message: 'has no meaning without healthCheck or passiveCheck, which find out who is healthy',
    },
  ];
}
