import type { Contradiction, SoundParts } from './contradiction.js';
import { isIpv6 } from './ip-address-schema.js';
import { listenersOf } from './listener.js';
import { repeated } from './repeated.js';

/** Local addresses of one family that the data plane has room for. */
const LOCAL_ADDRESSES_MAX = 16;

/** What is wrong between values outside `services`, and between them and what services need of them. */
export function nodeContradictions(parts: SoundParts): Contradiction[] {
  return [
    ...ofInterfaces(parts),
    ...ofLocalAddresses(parts),
    ...ofRoom(parts),
    ...ofGuard(parts),
    ...ofPeers(parts),
    ...ofNextHops(parts),
  ];
}

function ofInterfaces({ node }: SoundParts): Contradiction[] {
  return repeated(node?.interfaces ?? []).map(([at, first]) => ({
    path: ['node', 'interfaces', at],
    message: `is node.interfaces[${first}] too`,
  }));
}

function ofLocalAddresses({ node, services }: SoundParts): Contradiction[] {
  if (node === undefined) return [];
  const pathOf = (at: number) => ['node', 'localAddresses', at];
  const found: Contradiction[] = repeated(node.localAddresses).map(([at, first]) => ({
    path: pathOf(at),
    message: `is node.localAddresses[${first}] too`,
  }));
  const vips = new Set([...services].flatMap(([i, service]) => listenersOf(service, i).map((l) => l.listener.vip)));
  const backends = new Set([...services.values()].flatMap((service) => service.backends.map((b) => b.address)));
  const count = { ipv4: 0, ipv6: 0 };
  for (const [at, address] of node.localAddresses.entries()) {
    const family = isIpv6(address) ? 'ipv6' : 'ipv4';
    if (++count[family] === LOCAL_ADDRESSES_MAX + 1) {
      found.push({
        path: pathOf(at),
        message: `is more than the ${LOCAL_ADDRESSES_MAX} that a node may have of a family`,
      });
    }
    if (address === node.address || address === node.address6) {
      const key = address === node.address ? 'address' : 'address6';
      found.push({
        path: pathOf(at),
        message: `is node.${key} too; clients' connections would meet those of the node itself`,
      });
    } else if (vips.has(address)) {
      found.push({ path: pathOf(at), message: 'is a VIP; a local address is of this node alone' });
    } else if (backends.has(address)) {
      found.push({ path: pathOf(at), message: 'is the address of a backend; a local address is of this node alone' });
    }
  }
  return found;
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
