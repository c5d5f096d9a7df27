import type { Contradiction, SoundParts } from './contradiction.js';
import { isIpv6 } from './ip-address-schema.js';
import { listenersOf } from './listener.js';
import { repeated } from './repeated.js';

/** What is wrong between values outside `services`, and between them and what services need of them. */
export function nodeContradictions(parts: SoundParts): Contradiction[] {
  return [...ofInterfaces(parts), ...ofRoom(parts), ...ofGuard(parts), ...ofPeers(parts), ...ofNextHops(parts)];
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

function ofGuard({ guard }: SoundParts): Contradiction[] {
  if (guard === undefined) return [];
  const found: Contradiction[] = [];
  for (const key of ['deny', 'allow'] as const) {
    for (const [at, first] of repeated(guard[key])) {
      found.push({ path: ['guard', key, at], message: `is guard.${key}[${first}] too` });
    }
  }
  const denied = new Map(guard.deny.map((network, at) => [network, at]));
  for (const [at, network] of guard.allow.entries()) {
    const deniedAt = denied.get(network);
    if (deniedAt === undefined) continue;
    found.push({ path: ['guard', 'allow', at], message: `is guard.deny[${deniedAt}] too; it can't be both` });
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

/** A route needs a next hop of its family, and only the configuration can say which address of the node that is. */
function ofNextHops({ node, bgp, services }: SoundParts): Contradiction[] {
  if (node === undefined || bgp === undefined) return [];
  return [...services].flatMap(([i, service]) =>
    listenersOf(service, i).flatMap(({ listener: { vip }, path }) => {
      const [key, address] = isIpv6(vip) ? (['nextHop6', 'address6'] as const) : (['nextHop', 'address'] as const);
      if ((service.announce[key] ?? bgp.announce[key] ?? node[address]) !== undefined) return [];
      return [{ path: [...path, 'vip'], message: `can't be announced without a next hop; give node.${address}` }];
    }),
  );
}
