import { isDeepStrictEqual } from 'node:util';
import type { NodeDocument } from './node-schema.js';

/** Something that is wrong between values that are each right. */
export interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Those parts of a document that are right for themselves, undefined where one is not; services keep their place in the list. */
export interface SoundParts {
  readonly node: NodeDocument['node'] | undefined;
  readonly dataplane: NodeDocument['dataplane'] | undefined;
  readonly bgp: NodeDocument['bgp'] | undefined;
  readonly services: ReadonlyMap<number, NodeDocument['services'][number]>;
}

/** Every contradiction between the sound parts of a document. */
export function contradictions(parts: SoundParts): Contradiction[] {
  return [
    ...ofInterfaces(parts),
    ...ofRoom(parts),
    ...ofPeers(parts),
    ...ofServices(parts),
    ...ofBackends(parts),
    ...ofNextHops(parts),
  ];
}

function ofInterfaces({ node }: SoundParts): Contradiction[] {
  return repeated(node?.interfaces ?? []).map(([at, first]) => ({
    path: ['node', 'interfaces', at],
    message: `is node.interfaces[${first}] too`,
  }));
}

function ofRoom({ dataplane, services }: SoundParts): Contradiction[] {
  if (dataplane === undefined) return [];
  const { maxServices, maxBackends, tableRows } = dataplane;
  const found: Contradiction[] = [];
  const backendCount = [...services.values()].reduce((sum, { backends }) => sum + backends.length, 0);
  if (services.size > maxServices) {
    found.push({ path: ['dataplane', 'maxServices'], message: `is less than the ${services.size} services below` });
  }
  if (backendCount > maxBackends) {
    found.push({ path: ['dataplane', 'maxBackends'], message: `is less than the ${backendCount} backends below` });
  }
  for (const [i, service] of services) {
    if (service.tableRows === undefined || service.tableRows <= tableRows) continue;
    found.push({
      path: ['services', i, 'tableRows'],
      message: `is more than dataplane.tableRows, ${tableRows}, which room is made for`,
    });
  }
  return found;
}

function ofPeers({ bgp, node }: SoundParts): Contradiction[] {
  if (bgp === undefined) return [];
  const found: Contradiction[] = [];
  if (bgp.routerId === undefined && node !== undefined && node.address === undefined) {
    found.push({ path: ['bgp', 'routerId'], message: 'is needed where node.address is not given' });
  }
  for (const [at, first] of repeated(bgp.peers.map(({ address }) => address))) {
    found.push({ path: ['bgp', 'peers', at, 'address'], message: `is the address of bgp.peers[${first}] too` });
  }
  for (const [i, { address, localAddress, holdTime, keepalive }] of bgp.peers.entries()) {
    if (keepalive !== undefined && keepalive >= holdTime) {
      found.push({ path: ['bgp', 'peers', i, 'keepalive'], message: 'is not less than holdTime' });
    }
    if (localAddress !== undefined && isIpv6(localAddress) !== isIpv6(address)) {
      found.push({
        path: ['bgp', 'peers', i, 'localAddress'],
        message: `is not of the family of the peer, ${address}`,
      });
    }
  }
  return found;
}

function ofServices({ services }: SoundParts): Contradiction[] {
  const found: Contradiction[] = [];
  const indexes = [...services.keys()];
  const list = [...services.values()];
  for (const [at, first] of repeated(list.map(({ name }) => name))) {
    found.push({
      path: ['services', indexes[at] as number, 'name'],
      message: `is the name of services[${indexes[first]}] too`,
    });
  }
  for (const [at, first] of repeated(list.map(({ vip, protocol, port }) => `${vip} ${protocol} ${port}`))) {
    found.push({
      path: ['services', indexes[at] as number, 'vip'],
      message: `with ${list[at]?.protocol} port ${list[at]?.port} is the same as services[${indexes[first]}]`,
    });
  }
  for (const [at, first] of repeated(list.map(({ vip }) => vip))) {
    if (isDeepStrictEqual(list[at]?.announce, list[first]?.announce)) continue;
    found.push({
      path: ['services', indexes[at] as number, 'announce'],
      message: `differs from that of services[${indexes[first]}]; routers know the VIP by one route, whatever the port`,
    });
  }
  for (const [i, { method, guePort }] of services) {
    if (method === 'gue' || guePort === undefined) continue;
    found.push({
      path: ['services', i, 'guePort'],
      message: `has no meaning with method ${method}; leave it out, or set method to gue`,
    });
  }
  return found;
}

function ofBackends({ services }: SoundParts): Contradiction[] {
  const found: Contradiction[] = [];
  const vips = new Set([...services.values()].map(({ vip }) => vip));
  for (const [i, { backends }] of services) {
    const pathOf = (at: number, key: string) => ['services', i, 'backends', at, key];
    const addresses = repeated(backends.map(({ address }) => address));
    for (const [at, first] of addresses) {
      found.push({
        path: pathOf(at, 'address'),
        message: `is the address of services[${i}].backends[${first}] too`,
      });
    }
    for (const [at, first] of repeated(backends.map(({ name, address }) => name ?? address))) {
      if (backends[at]?.name === undefined) continue;
      found.push({ path: pathOf(at, 'name'), message: `is the name of services[${i}].backends[${first}] too` });
    }
    for (const [at, { address }] of backends.entries()) {
      if (!vips.has(address)) continue;
      found.push({ path: pathOf(at, 'address'), message: 'is a VIP; a backend has an address of its own' });
    }
  }
  return found;
}

/** A route needs a next hop of its family, and only the configuration can say which address of the node that is. */
function ofNextHops({ node, bgp, services }: SoundParts): Contradiction[] {
  if (node === undefined || bgp === undefined) return [];
  return [...services].flatMap(([i, { vip, announce }]) => {
    const [key, address] = isIpv6(vip) ? (['nextHop6', 'address6'] as const) : (['nextHop', 'address'] as const);
    if ((announce[key] ?? bgp.announce[key] ?? node[address]) !== undefined) return [];
    return [{ path: ['services', i, 'vip'], message: `can't be announced without a next hop; give node.${address}` }];
  });
}

/** Each index whose value stood before, with the index of the first such. */
function repeated(values: readonly string[]): [at: number, first: number][] {
  return values.flatMap((value, at): [number, number][] => {
    const first = values.indexOf(value);
    return first === at ? [] : [[at, first]];
  });
}

function isIpv6(address: string): boolean {
  return address.includes(':');
}
