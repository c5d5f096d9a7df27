import type { Contradiction, SoundParts } from './contradiction.js';
import { isIpv6 } from './ip-address-schema.js';
import type { ServiceDocument } from './service-schema.js';

/** Entries of a table: its rows name them in 16 bits, one of which means nobody. */
const MEMBERS_MAX = 65_535;

/** What can't be had together with second chance, or without it. */
export function secondChanceContradictions({ dataplane, services }: SoundParts): Contradiction[] {
  const found = [...services].flatMap(([i, service]) =>
    (service.secondChance === undefined ? ofStates(service) : ofService(service)).map(({ path, message }) => ({
      path: ['services', i, ...path],
      message,
    })),
  );
  const most = dataplane?.maxSecondChance ?? Number.POSITIVE_INFINITY;
  const beyond = [...services].filter(([, { secondChance }]) => secondChance !== undefined).slice(most);
  return [
    ...found,
    ...beyond.map(([i]) => ({
      path: ['services', i, 'secondChance'],
      message: `is that of more services than dataplane.maxSecondChance, ${most}, has tables for; raise it`,
    })),
  ];
}

function ofStates({ backends }: ServiceDocument): Contradiction[] {
  return [...backends.entries()]
    .filter(([, { state }]) => state === 'filling' || state === 'inactive')
    .map(([at]) => ({
      path: ['backends', at, 'state'],
      message: 'has no meaning without secondChance; draining keeps new flows away from a backend',
    }));
}

function ofService(service: ServiceDocument): Contradiction[] {
  return [...ofMethod(service), ...ofWhatKeepsFlows(service), ...ofTable(service), ...ofBackends(service)];
}

function ofMethod({ method, guePort, gueHeader }: ServiceDocument): Contradiction[] {
  return [
    ...(method === 'gue'
      ? []
      : [
          {
            path: ['secondChance'],
            message: `can't be had with method ${method}, whose packets have no room for the backends to try; use gue`,
          },
        ]),
    ...(guePort === undefined
      ? []
      : [{ path: ['guePort'], message: 'stands beside secondChance, which has a port of its own: secondChance.port' }]),
    ...(gueHeader === undefined
      ? []
      : [{ path: ['gueHeader'], message: 'stands beside secondChance, which has a header of its own; leave it out' }]),
  ];
}

/** No node keeps a flow: whichever backend has the connection says so itself. */
function ofWhatKeepsFlows({ persistence, pinning }: ServiceDocument): Contradiction[] {
  return [
    ...(persistence === undefined
      ? []
      : [
          {
            path: ['persistence'],
            message:
              'needs flows that are remembered, and secondChance remembers none; hashFields [source] does the same',
          },
        ]),
    ...(pinning === 'off'
      ? []
      : [{ path: ['pinning'], message: 'has no meaning with secondChance, where backends find their own flows' }]),
  ];
}

function ofTable({ scheduler, tableRows, slowStart }: ServiceDocument): Contradiction[] {
  return [
    ...(scheduler === undefined || scheduler === 'rendezvous'
      ? []
      : [
          { path: ['scheduler'], message: "can't be had with secondChance, whose tables are rendezvous; leave it out" },
        ]),
    ...(tableRows === undefined
      ? []
      : [{ path: ['tableRows'], message: 'has no meaning with secondChance, whose tables have 65536 rows' }]),
    ...(slowStart === 0
      ? []
      : [
          {
            path: ['slowStart'],
            message: 'has no meaning with secondChance; raise the weight of the backend in steps',
          },
        ]),
  ];
}

function ofBackends({ backends }: ServiceDocument): Contradiction[] {
  const [first] = backends;
  const members = backends.reduce((sum, { weight }) => sum + weight, 0);
  return [
    ...[...backends.entries()].flatMap(([at, backend]) =>
      ofBackend(backend, first).map(({ path, message }) => ({
        path: ['backends', at, ...path],
        message,
      })),
    ),
    ...(backends.some(({ state }) => state !== 'inactive')
      ? []
      : [{ path: ['backends'], message: 'are all inactive; packets would have nobody to go to' }]),
    ...(members <= MEMBERS_MAX
      ? []
      : [
          {
            path: ['backends'],
            message: `has weights of ${members} in all; each stands so many times in a table of at most ${MEMBERS_MAX} members`,
          },
        ]),
  ];
}

type BackendDocument = ServiceDocument['backends'][number];

function ofBackend({ address, weight, maxConnections }: BackendDocument, first: BackendDocument | undefined) {
  const found: Contradiction[] = [];
  if (first !== undefined && isIpv6(address) !== isIpv6(first.address)) {
    found.push({
      path: ['address'],
      message: `is not of the family of ${first.address}; with secondChance a packet carries addresses of one family`,
    });
  }
  if (weight === 0) {
    found.push({ path: ['weight'], message: 'takes the backend out of the table at once; use state: draining' });
  }
  if (maxConnections > 0) {
    found.push({
      path: ['maxConnections'],
      message: 'has no meaning with secondChance, which counts no connections',
    });
  }
  return found;
}
