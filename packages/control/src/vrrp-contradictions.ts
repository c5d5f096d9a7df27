import { hostname } from 'node:os';
import type { Contradiction, SoundParts } from './contradiction.js';
import { isIpv6 } from './ip-address-schema.js';
import { listenersOf } from './listener.js';
import { repeated } from './repeated.js';
import { ownPeer, vrrpPeers } from './vrrp-config.js';

/** RFC 5798, section 5.2.3. */
const ROUTER_IDS = 255;

/** What is wrong within `vrrp`, and between it and what VIPs there are. */
export function vrrpContradictions(parts: SoundParts): Contradiction[] {
  const { vrrp, bgp } = parts;
  if (vrrp === undefined) return [];
  const found: Contradiction[] = [];
  if (bgp !== undefined) {
    const message = 'is there beside bgp; a VIP is announced by one of them: leave out "bgp" or "vrrp"';
    found.push({ path: ['vrrp'], message });
  }
  return [
    ...found,
    ...ofInterface(parts),
    ...ofPeers(parts),
    ...ofPreemption(parts),
    ...ofRouterIds(parts),
    ...ofFamilies(parts),
  ];
}

function ofInterface({ vrrp, node }: SoundParts): Contradiction[] {
  if (vrrp?.interface === undefined || node === undefined || node.interfaces.includes(vrrp.interface)) return [];
  const message = `is none of node.interfaces, ${node.interfaces.join(', ')}; packets for VIPs would not be forwarded`;
  return [{ path: ['vrrp', 'interface'], message }];
}

function ofPeers({ vrrp, node, nodes }: SoundParts): Contradiction[] {
  if (vrrp === undefined) return [];
  const peers = vrrpPeers(vrrp, nodes);
  if (peers.length === 0) {
    return [{ path: ['vrrp'], message: 'names no nodes to share VIPs with; give vrrp.peers, or the section nodes' }];
  }
  const found: Contradiction[] = repeated((vrrp.peers ?? []).map(({ name }) => name)).map(([at, first]) => ({
    path: ['vrrp', 'peers', at, 'name'],
    message: `is the name of vrrp.peers[${first}] too`,
  }));
  if (node !== undefined && ownPeer(peers, node, hostname()) === undefined) {
    const path = vrrp.peers === undefined ? ['nodes', 'members'] : ['vrrp', 'peers'];
    found.push({ path, message: `lacks this node, ${node.name ?? hostname()}` });
  }
  return found;
}

function ofPreemption({ vrrp }: SoundParts): Contradiction[] {
  if (vrrp === undefined || vrrp.preempt || vrrp.preemptDelay === 0) return [];
  return [{ path: ['vrrp', 'preemptDelay'], message: 'is of no use where vrrp.preempt is false; leave it out' }];
}

/** One id for one VIP of a family: the families have ids of their own (RFC 5798, section 5.2.3). */
function ofRouterIds({ vrrp }: SoundParts): Contradiction[] {
  const entries = Object.entries(vrrp?.routerIds ?? {});
  return repeated(entries.map(([vip, id]) => `${isIpv6(vip)} ${id}`)).map(([at, first]) => ({
    path: ['vrrp', 'routerIds', entries[at]?.[0] as string],
    message: `is the id of ${entries[first]?.[0]} too; every VIP of a family needs its own`,
  }));
}

function ofFamilies({ vrrp, nodes, services }: SoundParts): Contradiction[] {
  if (vrrp === undefined) return [];
  const listeners = [...services].flatMap(([i, service]) => listenersOf(service, i));
  return ([false, true] as const).flatMap((ofIpv6) => {
    const family = listeners.filter(({ listener: { vip } }) => isIpv6(vip) === ofIpv6);
    const first = family[0];
    if (first === undefined) return [];
    const found: Contradiction[] = [];
    const vips = new Set(family.map(({ listener: { vip } }) => vip)).size;
    const name = ofIpv6 ? 'IPv6' : 'IPv4';
    if (vips > ROUTER_IDS) {
      found.push({ path: ['vrrp'], message: `has ids for ${ROUTER_IDS} VIPs of ${name}, and there are ${vips}` });
    }
    const key = ofIpv6 ? 'address6' : 'address';
    const lacking = vrrpPeers(vrrp, nodes).find((peer) => peer[key] === undefined);
    if (vrrp.transport === 'unicast' && lacking !== undefined) {
      const message = `is ${name}, which the peer ${lacking.name} has no ${key} for; unicast needs it (vrrp.peers)`;
      found.push({ path: [...first.path, 'vip'], message });
    }
    return found;
  });
}
