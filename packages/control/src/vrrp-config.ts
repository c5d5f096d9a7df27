import type { z } from 'zod';
import { isIpv6 } from './ip-address-schema.js';
import type { NodeDocument } from './node-schema.js';
import { definedOf } from './plain-values.js';
import type { vrrp } from './vrrp-schema.js';

type VrrpDocument = z.output<typeof vrrp>;

/** A node of those that have VIPs between them. */
export interface VrrpPeerConfig {
  readonly name: string;
  readonly address?: string;
  readonly address6?: string;
}

/** How VIPs are held where there is no router that speaks BGP. */
export interface VrrpConfig {
  readonly interface: string;
  /** By VIP, in canonical text; those that are not here follow from a hash. */
  readonly routerIds: Readonly<Record<string, number>>;
  readonly advertIntervalMs: number;
  readonly preempt: boolean;
  readonly preemptDelayMs: number;
  readonly transport: 'multicast' | 'unicast';
  /** All nodes, this one among them. */
  readonly peers: readonly VrrpPeerConfig[];
  /** What the others know this node as: the name of one of `peers`. */
  readonly ownName: string;
  /** `refreshMs` 0: never. */
  readonly gratuitousArp: { readonly repeat: number; readonly againMs: number; readonly refreshMs: number };
  readonly command: string;
}

/** @param parts  a document without contradictions */
export function vrrpConfigOf(
  vrrp: VrrpDocument,
  { node, nodes, hostName }: Pick<NodeDocument, 'node' | 'nodes'> & { readonly hostName: string },
): VrrpConfig {
  const { repeat, again, refresh } = vrrp.gratuitousArp;
  const peers = vrrpPeers(vrrp, nodes);
  return {
    interface: vrrp.interface ?? (node.interfaces[0] as string),
    routerIds: vrrp.routerIds,
    advertIntervalMs: vrrp.advertInterval,
    preempt: vrrp.preempt,
    preemptDelayMs: vrrp.preemptDelay,
    transport: vrrp.transport,
    peers,
    ownName: ownPeer(peers, node, hostName)?.name ?? hostName,
    gratuitousArp: { repeat, againMs: again, refreshMs: refresh === 'off' ? 0 : refresh },
    command: vrrp.keepalived.command,
  };
}

/** All nodes that have VIPs between them: `vrrp.peers`, or else the members of `nodes`. */
export function vrrpPeers(vrrp: VrrpDocument, nodes: NodeDocument['nodes']): readonly VrrpPeerConfig[] {
  if (vrrp.peers !== undefined) return vrrp.peers.map((peer) => definedOf(peer) as VrrpPeerConfig);
  return (nodes?.members ?? []).map(({ name, address }) => ({
    name,
    ...(isIpv6(address) ? { address6: address } : { address }),
  }));
}

/** This node among them: by an address, or else by its name. */
export function ownPeer(
  peers: readonly VrrpPeerConfig[],
  node: NodeDocument['node'],
  hostName: string,
): VrrpPeerConfig | undefined {
  const hasOwn = ({ address, address6 }: VrrpPeerConfig) =>
    (address !== undefined && address === node.address) || (address6 !== undefined && address6 === node.address6);
  return peers.find(hasOwn) ?? peers.find(({ name }) => name === (node.name ?? hostName));
}
