import { CHOICE_ROWS, NO_CHOICE } from '@weir/director';
import { canonicalAddress, familyOf, isIpAddress } from '@weir/packet';
import type { ForwardingBackend, ForwardingService, ForwardingTables, PortRange, ServiceKey } from '../dataplane.js';
import { DataplaneError } from '../dataplane-error.js';
import { translatesAddresses } from '../forwarding-method.js';
import { checkOwners, ownersService } from '../owners-service.js';
import type { Scheduling } from '../scheduling.js';
import { encodeBackendRoute } from './backend-record.js';
import { LOCAL_ADDRESSES_MAX, RANGE_LINES_MAX, RANGES_PER_LINE } from './layout.js';
import { encodeServiceWord } from './service-word.js';

/** Connections of a backend that has reached its upper threshold and no lower one: three quarters, as IPVS. */
const LOWER_SHARE = 3 / 4;
const WEIGHT_MAX = 65_535;
/** SipHash's. */
const HASH_KEY_BYTES = 16;

/** A backend as the tables hold it. */
export interface WantedBackend {
  /** What identifies it within the service: where its packets go, and how. */
  readonly route: Uint8Array;
  readonly weight: number;
  readonly upper: number;
  readonly lower: number;
}

/** A service as it was asked for, checked, with its backends as the tables hold them. */
export interface WantedService {
  /** The first one names the service. */
  readonly listeners: readonly ServiceKey[];
  /** Equal for equal first listeners. */
  readonly id: string;
  readonly word: Uint8Array;
  readonly translates: boolean;
  readonly backends: readonly WantedBackend[];
  readonly rows: ArrayLike<number>;
  readonly keptRows: ArrayLike<number>;
  /** Where rows are choices. */
  readonly choices: WantedChoices | undefined;
  /** Its backends are the nodes, and this is the one that is this node. */
  readonly self: number | undefined;
}

export interface WantedChoices {
  /** How many in a row. */
  readonly count: number;
  /** SipHash's, 16 bytes. */
  readonly hashKey: Uint8Array;
}

/** Text that is equal for equal keys, and reads well in errors. */
export function serviceId(key: ServiceKey): string {
  const { first, last } = portRange(key);
  const port = first === 0 ? 'all' : first === last ? first : `${first}-${last}`;
  return `${key.vip.includes(':') ? `[${key.vip}]` : key.vip}:${port}/${key.protocol}`;
}

/** A key's ports; 0 to 0: all. */
export function portRange({ port }: ServiceKey): PortRange {
  return typeof port === 'number' ? { first: port, last: port } : port;
}

/**
 * Checks tables before anything is changed.
 * @throws {DataplaneError} TABLES_INVALID naming the service and what is wrong with it
 */
export function checkTables(tables: ForwardingTables): WantedService[] {
  checkLocalAddresses(tables.localAddresses ?? []);
  const { owners } = tables;
  if (owners !== undefined) checkOwners(owners, tables);
  const seen: ServiceKey[] = [];
  const nodes = owners === undefined ? [] : [ownersService(owners)];
  return [...tables.services, ...nodes].map((service) => {
    const self = service === nodes[0] ? owners?.self : undefined;
    const [first] = service.listeners;
    if (first === undefined) throw new DataplaneError('TABLES_INVALID', 'a service has no listener');
    const listeners = service.listeners.map((key) => checkListener(key, seen));
    const id = serviceId(listeners[0] as ServiceKey);
    checkRows(id, service);
    checkChoices(id, service);
    for (const key of listeners) checkMethod(id, key, service, tables);
    return {
      listeners,
      id,
      word: encodeServiceWord(service, self !== undefined),
      translates: translatesAddresses(service.forwarding),
      backends: wantedBackends(id, service, tables),
      rows: service.rows,
      keptRows: service.keptRows ?? [],
      choices: wantedChoices(service.scheduling),
      self,
    };
  });
}

function checkListener(key: ServiceKey, seen: ServiceKey[]): ServiceKey {
  if (!isIpAddress(key.vip)) throw invalid(serviceId(key), `"${key.vip}" is not an IP address`);
  const range = portRange(key);
  const canonical = { ...key, vip: canonicalAddress(key.vip), port: range.first === range.last ? range.first : range };
  const id = serviceId(canonical);
  const isPort = (port: number) => Number.isInteger(port) && port >= 0 && port <= 65535;
  if (!isPort(range.first) || !isPort(range.last)) {
    throw invalid(id, `port ${isPort(range.first) ? range.last : range.first} is not between 0 and 65535`);
  }
  if (range.last < range.first || (range.first === 0 && range.last > 0)) {
    throw invalid(id, `ports ${range.first} to ${range.last} are no range`);
  }
  if ((key.protocol === 'esp' || key.protocol === 'ah') && range.last > 0) {
    throw invalid(id, `${key.protocol} has no ports; its port is 0`);
  }
  const others = seen.filter(({ vip, protocol }) => vip === canonical.vip && protocol === canonical.protocol);
  if (others.some((other) => serviceId(other) === id)) throw invalid(id, 'given twice');
  if (typeof canonical.port !== 'number') {
    const ranges = others.filter(({ port }) => typeof port !== 'number');
    const overlapped = ranges.find((other) => {
      const { first, last } = portRange(other);
      return first <= range.last && range.first <= last;
    });
    if (overlapped !== undefined) throw invalid(id, `overlaps ${serviceId(overlapped)}`);
    const most = RANGE_LINES_MAX * RANGES_PER_LINE;
    if (ranges.length >= most) throw invalid(id, `one VIP and protocol have at most ${most} ranges of ports`);
  }
  seen.push(canonical);
  return canonical;
}

function checkRows(id: string, service: ForwardingService): void {
  if (service.scheduling.pick === 'choices') return;
  for (let row = 0; row < service.rows.length; row++) {
    const backend = service.rows[row] as number;
    if (backend >= 0 && backend < service.backends.length) continue;
    throw invalid(id, `row ${row} names backend ${backend} of ${service.backends.length}`);
  }
  const { keptRows = [] } = service;
  for (let i = 0; i < keptRows.length; i++) {
    const row = keptRows[i] as number;
    if (row < 0 || row >= service.rows.length) throw invalid(id, `kept row ${row} of ${service.rows.length}`);
  }
}

function wantedChoices(scheduling: Scheduling): WantedChoices | undefined {
  return scheduling.pick === 'choices' ? { count: scheduling.choices, hashKey: scheduling.hash.key } : undefined;
}

function checkChoices(id: string, { scheduling, forwarding, backends, rows, ...service }: ForwardingService): void {
  const carriesHops = forwarding.method === 'gue' && forwarding.header === 'hops';
  if (scheduling.pick !== 'choices') {
    if (carriesHops) throw invalid(id, `gue with header hops needs rows of choices, and picks by ${scheduling.pick}`);
    return;
  }
  const { choices, hash } = scheduling;
  if (!carriesHops) {
    throw invalid(id, `rows of choices go with gue and header hops: ${forwarding.method} can't carry what to try next`);
  }
  if (hash.key.byteLength !== HASH_KEY_BYTES) {
    throw invalid(id, `a hash key has ${HASH_KEY_BYTES} bytes, not ${hash.key.byteLength}`);
  }
  if (hash.fields.length === 0) throw invalid(id, 'no field of a packet is hashed: all would have one row');
  if ((service.keptRows ?? []).length > 0) throw invalid(id, 'rows of choices keep no flows: members find their own');
  if (service.persistence !== undefined) throw invalid(id, 'persistence needs flows, and rows of choices keep none');
  const families = new Set(
    backends.filter(({ address }) => isIpAddress(address)).map(({ address }) => familyOf(address)),
  );
  if (families.size > 1) {
    throw invalid(id, 'backends of IPv4 and of IPv6 are mixed: a list of hops has addresses of one family');
  }
  if (rows.length !== 0 && rows.length !== CHOICE_ROWS * choices) {
    throw invalid(
      id,
      `${CHOICE_ROWS} rows of ${choices} choices are ${CHOICE_ROWS * choices} entries, not ${rows.length}`,
    );
  }
  checkChoiceRows(id, rows, choices, backends.length);
}

function checkChoiceRows(id: string, rows: ArrayLike<number>, choices: number, backends: number): void {
  for (let first = 0; first < rows.length; first += choices) {
    for (let i = first; i < first + choices; i++) {
      const backend = rows[i] as number;
      if (backend === NO_CHOICE) continue;
      const row = first / choices;
      if (backend < 0 || backend >= backends) throw invalid(id, `row ${row} names backend ${backend} of ${backends}`);
      for (let before = first; before < i; before++) {
        if (rows[before] === backend) throw invalid(id, `row ${row} has backend ${backend} twice`);
        if (rows[before] === NO_CHOICE) throw invalid(id, `row ${row} has a choice after none`);
      }
    }
  }
}

function checkMethod(id: string, key: ServiceKey, service: ForwardingService, tables: ForwardingTables): void {
  const { method } = service.forwarding;
  const family = familyOf(key.vip);
  const port = service.backends.find((backend) => (backend.port ?? 0) !== 0)?.port;
  if (translatesAddresses(service.forwarding)) {
    const stays = key.protocol === 'sctp' && method === 'nat' && port === undefined;
    if (key.protocol !== 'tcp' && key.protocol !== 'udp' && !stays) {
      const why = key.protocol === 'sctp' ? "SCTP's checksum would have to be computed anew" : 'it has no ports';
      throw invalid(id, `${method}${port === undefined ? '' : ' to another port'} can't carry ${key.protocol}: ${why}`);
    }
  } else if (port !== undefined) {
    throw invalid(id, `${method} can't map to port ${port}: it leaves the packet as it is`);
  }
  if (method === 'nat' || method === 'fullnat' || method === 'dr') {
    const other = service.backends.find(({ address }) => isIpAddress(address) && familyOf(address) !== family);
    if (other !== undefined) {
      throw invalid(
        id,
        `${method} can't take a packet of IPv${family} to ${other.address}: only tunnels cross families`,
      );
    }
  }
  if (method === 'fullnat' && !(tables.localAddresses ?? []).some((address) => familyOf(address) === family)) {
    throw invalid(id, `fullnat needs a local IPv${family} address`);
  }
}

function checkLocalAddresses(addresses: readonly string[]): void {
  for (const address of addresses) {
    if (isIpAddress(address)) continue;
    throw new DataplaneError('TABLES_INVALID', `local address "${address}" is not an IP address`);
  }
  for (const family of [4, 6]) {
    const count = addresses.filter((address) => familyOf(address) === family).length;
    if (count > LOCAL_ADDRESSES_MAX) {
      throw new DataplaneError(
        'TABLES_INVALID',
        `${count} local IPv${family} addresses are given; at most ${LOCAL_ADDRESSES_MAX} are used`,
      );
    }
  }
}

function wantedBackends(id: string, service: ForwardingService, tables: ForwardingTables): WantedBackend[] {
  const seen = new Set<string>();
  return service.backends.map((backend) => {
    const { address, port = 0, weight = 1, upperConnections: upper = 0 } = backend;
    if (!isIpAddress(address)) throw invalid(id, `backend "${address}" is not an IP address`);
    const name = port === 0 ? canonicalAddress(address) : `${canonicalAddress(address)} port ${port}`;
    if (seen.has(name)) throw invalid(id, `backend ${name} is given twice`);
    seen.add(name);
    if (!Number.isInteger(weight) || weight < 0 || weight > WEIGHT_MAX) {
      throw invalid(id, `weight ${weight} of backend ${name} is not between 0 and ${WEIGHT_MAX}`);
    }
    return {
      route: encodeBackendRoute(backend, service.forwarding, tables.sources),
      weight,
      upper,
      lower: lowerThreshold(id, name, backend),
    };
  });
}

function lowerThreshold(id: string, name: string, backend: ForwardingBackend): number {
  const { upperConnections: upper = 0, lowerConnections: lower = 0 } = backend;
  if (lower > 0 && lower >= upper) {
    throw invalid(id, `backend ${name} takes flows again below ${lower} connections, but stops at ${upper}`);
  }
  return lower > 0 ? lower : Math.ceil(upper * LOWER_SHARE);
}

function invalid(id: string, problem: string): DataplaneError {
  return new DataplaneError('TABLES_INVALID', `service ${id}: ${problem}`, { details: { service: id } });
}
