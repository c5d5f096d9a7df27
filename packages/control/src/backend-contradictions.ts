import type { Contradiction, SoundParts } from './contradiction.js';
import { crossesFamilies, translatesAddresses } from './forwarding-needs.js';
import { isIpv6 } from './ip-address-schema.js';
import { listenersOf } from './listener.js';
import { pathText } from './path-text.js';
import { repeated } from './repeated.js';
import type { ServiceDocument } from './service-schema.js';

/** What is wrong between the backends of a service, and between them and its method. */
export function backendContradictions({ services }: SoundParts): Contradiction[] {
  const vips = new Set([...services].flatMap(([i, service]) => listenersOf(service, i).map((l) => l.listener.vip)));
  return [...services].flatMap(([i, service]) =>
    [
      ...[
        ...ofEqualBackends(service, i),
        ...ofVips(service, vips),
        ...ofFamilies(service),
        ...ofPorts(service),
        ...ofThresholds(service),
      ].map(({ path, message }) => ({ path: ['backends', ...path], message })),
      ...ofFallback(service, i, vips),
    ].map(({ path, message }) => ({ path: ['services', i, ...path], message })),
  );
}

/** It is a backend like any other, but for what only those have that share flows. */
function ofFallback(service: ServiceDocument, index: number, vips: ReadonlySet<string>): Contradiction[] {
  const { fallback, backends } = service;
  if (fallback === undefined) return [];
  const alone = { ...service, backends: [{ ...fallback, weight: 0, maxConnections: 0 }] };
  const same = backends.findIndex(({ address, port }) => address === fallback.address && port === fallback.port);
  const found = [...ofVips(alone, vips), ...ofFamilies(alone), ...ofPorts(alone)];
  return [
    ...found.map(({ path, message }) => ({ path: ['fallback', ...path.slice(1)], message })),
    ...(same === -1
      ? []
      : [
          {
            path: ['fallback', 'address'],
            message: `is that of ${pathText(['services', index, 'backends', same])} too; a fallback is another machine or port`,
          },
        ]),
  ];
}

function ofEqualBackends({ backends }: ServiceDocument, index: number): Contradiction[] {
  const placeOf = (at: number) => pathText(['services', index, 'backends', at]);
  const addresses = backends.map(({ address, port }) => `${address} ${port ?? ''}`);
  const names = backends.map(({ name }, at) => name ?? `unnamed ${at}`);
  return [
    ...repeated(addresses).map(([at, first]) => ({
      path: [at, 'address'],
      message: `is the address of ${placeOf(first)} too`,
    })),
    ...repeated(names).map(([at, first]) => ({ path: [at, 'name'], message: `is the name of ${placeOf(first)} too` })),
  ];
}

function ofVips({ backends }: ServiceDocument, vips: ReadonlySet<string>): Contradiction[] {
  return [...backends.entries()]
    .filter(([, { address }]) => vips.has(address))
    .map(([at]) => ({ path: [at, 'address'], message: 'is a VIP; a backend has an address of its own' }));
}

function ofFamilies(service: ServiceDocument): Contradiction[] {
  const { method, backends } = service;
  if (crossesFamilies(method)) return [];
  const vips = listenersOf(service, 0).map(({ listener }) => listener.vip);
  return [...backends.entries()].flatMap(([at, { address }]) => {
    const other = vips.find((vip) => isIpv6(vip) !== isIpv6(address));
    if (other === undefined) return [];
    const message = `is not of the family of the VIP, ${other}; method ${method} does not cross families, ipip, gre and gue do`;
    return [{ path: [at, 'address'], message }];
  });
}

function ofPorts(service: ServiceDocument): Contradiction[] {
  const { method, backends } = service;
  const problem = portProblem(service);
  if (problem === undefined) return [];
  return [...backends.entries()]
    .filter(([, { port }]) => port !== undefined)
    .map(([at]) => ({
      path: [at, 'port'],
      message: translatesAddresses(method) ? problem : `${problem}; use nat or fullnat`,
    }));
}

function portProblem(service: ServiceDocument): string | undefined {
  if (!translatesAddresses(service.method))
    return `can't be had with method ${service.method}, which leaves ports as they are`;
  return listenersOf(service, 0).some(({ listener }) => listener.protocol === 'sctp')
    ? "can't be had with protocol sctp, whose checksum of the whole packet covers the ports"
    : undefined;
}

function ofThresholds({ backends }: ServiceDocument): Contradiction[] {
  return [...backends.entries()].flatMap(([at, { minConnections, maxConnections }]) => {
    if (minConnections === undefined) return [];
    if (maxConnections === 0) {
      return [{ path: [at, 'minConnections'], message: 'has no meaning without maxConnections' }];
    }
    if (minConnections < maxConnections) return [];
    return [{ path: [at, 'minConnections'], message: `is not less than maxConnections, ${maxConnections}` }];
  });
}
