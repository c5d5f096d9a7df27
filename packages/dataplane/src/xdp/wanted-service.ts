import { canonicalAddress, isIpAddress } from '@weir/packet';
import type { ForwardingService, ForwardingTables, ServiceKey } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import { encodeBackendRoute } from './backend-record.js';

/** A service as it was asked for, checked, with its backends as the tables hold them. */
export interface WantedService {
  readonly key: ServiceKey;
  /** Equal for equal keys. */
  readonly id: string;
  readonly routes: readonly Uint8Array[];
  readonly rows: ArrayLike<number>;
}

/** Text that is equal for equal keys, and reads well in errors. */
export function serviceId(key: ServiceKey): string {
  return `${key.vip.includes(':') ? `[${key.vip}]` : key.vip}:${key.port === 0 ? 'all' : key.port}/${key.protocol}`;
}

/**
 * Checks tables before anything is changed.
 * @throws {DataplaneError} TABLES_INVALID naming the service and what is wrong with it
 */
export function checkTables(tables: ForwardingTables): WantedService[] {
  const seen = new Set<string>();
  return tables.services.map((service) => {
    if (!isIpAddress(service.vip)) throw invalid(serviceId(service), `"${service.vip}" is not an IP address`);
    const key = { vip: canonicalAddress(service.vip), protocol: service.protocol, port: service.port };
    const id = serviceId(key);
    if (!Number.isInteger(service.port) || service.port < 0 || service.port > 65535) {
      throw invalid(id, `port ${service.port} is not between 0 and 65535`);
    }
    if (seen.has(id)) throw invalid(id, 'given twice');
    seen.add(id);
    checkRows(id, service);
    return { key, id, ...routesOf(id, service, tables) };
  });
}

function checkRows(id: string, service: ForwardingService): void {
  for (let row = 0; row < service.rows.length; row++) {
    const backend = service.rows[row] as number;
    if (backend >= 0 && backend < service.backends.length) continue;
    throw invalid(id, `row ${row} names backend ${backend} of ${service.backends.length}`);
  }
}

function routesOf(
  id: string,
  service: ForwardingService,
  tables: ForwardingTables,
): Pick<WantedService, 'routes' | 'rows'> {
  const addresses = new Set<string>();
  const routes = service.backends.map(({ address }) => {
    if (!isIpAddress(address)) throw invalid(id, `backend "${address}" is not an IP address`);
    const canonical = canonicalAddress(address);
    if (addresses.has(canonical)) throw invalid(id, `backend ${canonical} is given twice`);
    addresses.add(canonical);
    return encodeBackendRoute(address, service.encapsulation, tables.sources);
  });
  return { routes, rows: service.rows };
}

function invalid(id: string, problem: string): DataplaneError {
  return new DataplaneError('TABLES_INVALID', `service ${id}: ${problem}`, { details: { service: id } });
}
