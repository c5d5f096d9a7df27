import type { Announcement } from '@weir/bgp-speaker';
import type { NodeConfig } from '@weir/control';
import { announcementOf } from './announcements.js';
import { isWithin, type OwnNetwork } from './own-networks.js';

/**
 * What this node should tell its routers of the local addresses of fullnat, which answers of backends go to: its own, and
 * with less preference those of the other nodes, so that answers still reach somebody after a crash. Unlike VIPs they stay
 * while the node drains: connections need their answers until it has left.
 * @param networks  of this node
 */
export function planPoolAnnouncements(config: NodeConfig, networks: readonly OwnNetwork[]): readonly Announcement[] {
  const { bgp } = config;
  if (bgp?.backupPools === undefined) return [];
  const { announce, backupPools } = bgp;
  const { own, others } = routedPools(config, networks);
  return [
    ...own.map((address) => announcementOf(address, announce, config)),
    ...others.map((address) => announcementOf(address, backupPools, config)),
  ];
}

/** Why local addresses are not announced, for logs: one sentence, if any. */
export function explainUnannouncedPools(config: NodeConfig, networks: readonly OwnNetwork[]): readonly string[] {
  if (config.bgp?.backupPools === undefined) return [];
  const { own, others } = poolsOf(config);
  const reasons = networks.flatMap((network) => {
    const within = [...own, ...others].filter((address) => isNeighbour(address, [network]));
    if (within.length === 0) return [];
    return [
      `${within.join(', ')}: in ${network.address}/${network.prefixBits} of ${network.interface}, whose hosts look for local addresses among themselves; after a crash answers to them do not reach another node`,
    ];
  });
  return reasons;
}

/** Local addresses of other nodes that are announced: the kernel must not send them back to the router. */
export function backupAddresses(config: NodeConfig, networks: readonly OwnNetwork[]): readonly string[] {
  return config.bgp?.backupPools === undefined ? [] : routedPools(config, networks).others;
}

interface Pools {
  readonly own: readonly string[];
  readonly others: readonly string[];
}

function routedPools(config: NodeConfig, networks: readonly OwnNetwork[]): Pools {
  const { own, others } = poolsOf(config);
  const isRouted = (address: string) => !isNeighbour(address, networks);
  return { own: own.filter(isRouted), others: others.filter(isRouted) };
}

/** Of the nodes, as far as fullnat is served here. */
function poolsOf({ node, nodes, services }: NodeConfig): Pools {
  if (!services.some(({ method }) => method === 'fullnat')) return { own: [], others: [] };
  const all = nodes?.members.flatMap(({ localAddresses }) => localAddresses) ?? [];
  return { own: node.localAddresses, others: all.filter((address) => !node.localAddresses.includes(address)) };
}

/** Is it looked for by ARP or neighbour discovery? A network of one address has no neighbours. */
function isNeighbour(address: string, networks: readonly OwnNetwork[]): boolean {
  const bitsMax = address.includes(':') ? 128 : 32;
  return networks.some((network) => network.prefixBits < bitsMax && isWithin(address, network));
}
