import type { Contradiction, SoundParts } from './contradiction.js';
import { comparesAll, isRecomputable, looksAtWeights, schedulerOf, translatesAddresses } from './forwarding-needs.js';
import { isIpv6 } from './ip-address-schema.js';
import { hasPorts, listenersOf } from './listener.js';
import { ownPool } from './local-pools.js';
import type { NodeDocument } from './node-schema.js';
import { repeated } from './repeated.js';
import type { ServiceDocument } from './service-schema.js';

type DataplaneDocument = NodeDocument['dataplane'];

/** Backends that a scheduler compares for one new flow (docs/packet-path.md, section 3). */
export const COMPARED_BACKENDS_MAX = 1024;

/** What can't be had together: method, scheduler and the settings that belong to some of them alone. */
export function serviceContradictions({ node, nodes, dataplane, services }: SoundParts): Contradiction[] {
  return [
    ...ofNames(services),
    ...[...services].flatMap(([i, service]) =>
      [
        ...ofMethod(service),
        ...ofProtocols(service),
        ...(node === undefined ? [] : ofLocalAddresses(service, ownPool(node, nodes).addresses)),
        ...ofScheduler(service),
        ...ofPinning(service),
        ...(dataplane === undefined ? [] : ofRows(service, dataplane)),
      ].map(({ path, message }) => ({ path: ['services', i, ...path], message })),
    ),
  ];
}

function ofNames(services: ReadonlyMap<number, ServiceDocument>): Contradiction[] {
  const indexes = [...services.keys()];
  return repeated([...services.values()].map(({ name }) => name)).map(([at, first]) => ({
    path: ['services', indexes[at] as number, 'name'],
    message: `is the name of services[${indexes[first]}] too`,
  }));
}

function ofMethod({ method, guePort, gueHeader, toa }: ServiceDocument): Contradiction[] {
  const strange = (key: string, of: string): Contradiction => ({
    path: [key],
    message: `has no meaning with method ${method}; leave it out, or set method to ${of}`,
  });
  return [
    ...(guePort !== undefined && method !== 'gue' ? [strange('guePort', 'gue')] : []),
    ...(gueHeader !== undefined && method !== 'gue' ? [strange('gueHeader', 'gue')] : []),
    ...(toa === true && method !== 'fullnat' ? [strange('toa', 'fullnat')] : []),
  ];
}

function ofProtocols(service: ServiceDocument): Contradiction[] {
  const { method, toa, mssClamp } = service;
  const protocols = new Set(listenersOf(service, 0).map(({ listener }) => listener.protocol));
  const found: Contradiction[] = [];
  for (const protocol of protocols) {
    if (translatesAddresses(method) && !hasPorts(protocol)) {
      found.push({
        path: ['method'],
        message: `can't serve protocol ${protocol}, whose packets are authenticated as they are; use dr, ipip, gre or gue`,
      });
    }
    if (method === 'fullnat' && protocol === 'sctp') {
      found.push({
        path: ['method'],
        message: "can't serve protocol sctp, whose checksum of the whole packet covers the ports; use nat",
      });
    }
  }
  const onlyTcp = [...(toa === true ? ['toa'] : []), ...(mssClamp === undefined ? [] : ['mssClamp'])];
  if (protocols.size > 0 && !protocols.has('tcp')) {
    for (const key of onlyTcp)
      found.push({ path: [key], message: 'has no meaning without protocol tcp; leave it out' });
  }
  return found;
}

function ofLocalAddresses(service: ServiceDocument, localAddresses: readonly string[]): Contradiction[] {
  if (service.method !== 'fullnat') return [];
  const families = new Set(listenersOf(service, 0).map(({ listener }) => isIpv6(listener.vip)));
  return [...families]
    .filter((family) => !localAddresses.some((address) => isIpv6(address) === family))
    .map((family) => ({
      path: ['method'],
      message: `needs an ${family ? 'IPv6' : 'IPv4'} address in node.localAddresses, which packets to backends come from`,
    }));
}

function ofScheduler(service: ServiceDocument): Contradiction[] {
  const { slowStart, backends } = service;
  const scheduler = schedulerOf(service);
  const found: Contradiction[] = [];
  if (slowStart > 0 && !looksAtWeights(scheduler)) {
    found.push({
      path: ['slowStart'],
      message: `has no meaning with scheduler ${scheduler}, which does not look at weights; use w${scheduler}`,
    });
  }
  if (comparesAll(scheduler) && backends.length > COMPARED_BACKENDS_MAX) {
    found.push({
      path: ['backends'],
      message: `has ${backends.length} backends; scheduler ${scheduler} compares ${COMPARED_BACKENDS_MAX} at most`,
    });
  }
  return found;
}

function ofPinning(service: ServiceDocument): Contradiction[] {
  const { pinning, method, persistence } = service;
  const scheduler = schedulerOf(service);
  if (pinning === 'off') return [];
  if (translatesAddresses(method)) {
    return [{ path: ['pinning'], message: `has no meaning with method ${method}, which remembers every flow` }];
  }
  if (!isRecomputable(scheduler)) {
    return [
      {
        path: ['pinning'],
        message: `has no meaning with scheduler ${scheduler}, which remembers every flow; it is for mh, rendezvous, sh and dh`,
      },
    ];
  }
  return persistence === undefined
    ? []
    : [{ path: ['pinning'], message: 'has no meaning beside persistence, which remembers every flow' }];
}

/** Every backend needs a row. */
function ofRows(service: ServiceDocument, dataplane: DataplaneDocument): Contradiction[] {
  if (service.secondChance !== undefined) return [];
  const rows = service.tableRows ?? dataplane.tableRows;
  if (service.backends.length <= rows) return [];
  const message = `has ${service.backends.length} backends, and its table ${rows} rows; raise tableRows`;
  return [{ path: ['backends'], message }];
}
