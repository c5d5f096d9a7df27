import { USUAL_LOCAL_PREFERENCE } from './backup-route.js';
import type { Contradiction, SoundParts } from './contradiction.js';
import { isIpv6 } from './ip-address-schema.js';
import { listenersOf } from './listener.js';
import { otherPools, ownPool } from './local-pools.js';
import { repeated } from './repeated.js';

/** What is wrong within `bgp`, and between it and what is to be announced. */
export function bgpContradictions(parts: SoundParts): Contradiction[] {
  return [...ofPeers(parts), ...ofNextHops(parts), ...ofPools(parts)];
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

/** Routes to local addresses: wanted only where flows are shared, and from their own node before all others. */
function ofPools(parts: SoundParts): Contradiction[] {
  const { bgp, state } = parts;
  if (bgp === undefined) return [];
  const isShared = state?.store === 'redis';
  const { announce, announcePools = isShared, backupPools, asn, peers } = bgp;
  const { med, prepend, localPreference } = backupPools;
  const isWithinAs = peers.some((peer) => peer.asn === asn);
  const found: Contradiction[] = [];
  if (announcePools && !isShared) {
    found.push({
      path: ['bgp', 'announcePools'],
      message: 'is of no use without a state.store of all nodes: another could do nothing with answers; leave it out',
    });
  }
  if (prepend !== undefined && prepend > 0 && isWithinAs) {
    found.push({
      path: ['bgp', 'backupPools', 'prepend'],
      message: `can't be had with a peer of the own AS, ${asn}, which takes it for a loop; use localPreference`,
    });
  }
  if (prepend === 0 && med === undefined && !isWithinAs) {
    found.push({
      path: ['bgp', 'backupPools', 'prepend'],
      message: "makes other nodes' local addresses as wanted as their own nodes do; give at least 1, or med",
    });
  }
  if (med !== undefined && med <= (announce.med ?? 0)) {
    found.push({
      path: ['bgp', 'backupPools', 'med'],
      message: `is not more than bgp.announce.med, ${announce.med ?? 0}; the lowest is wanted most`,
    });
  }
  const ownPreference = announce.localPreference ?? USUAL_LOCAL_PREFERENCE;
  if (localPreference !== undefined && localPreference >= ownPreference) {
    found.push({
      path: ['bgp', 'backupPools', 'localPreference'],
      message: `is not less than that of the node's own routes, ${ownPreference}; the highest is wanted most`,
    });
  }
  return [...found, ...(announcePools && isShared ? ofPoolNextHops(parts) : [])];
}

function ofPoolNextHops({ node, nodes, bgp }: SoundParts): Contradiction[] {
  if (node === undefined || bgp === undefined) return [];
  return [ownPool(node, nodes), ...otherPools(node, nodes)].flatMap(({ path, addresses }) => {
    const at = addresses.findIndex((address) => {
      const [key, own] = isIpv6(address) ? (['nextHop6', 'address6'] as const) : (['nextHop', 'address'] as const);
      return (bgp.announce[key] ?? node[own]) === undefined;
    });
    if (at === -1) return [];
    const key = isIpv6(addresses[at] as string) ? 'address6' : 'address';
    const message = `can't be announced without a next hop; give node.${key}, or set bgp.announcePools to false`;
    return [{ path: [...path, at], message }];
  });
}
