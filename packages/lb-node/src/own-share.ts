import type { NodeConfig } from '@weir/control';
import { type VipShares, vipsOfNode } from './vip-shares.js';
import { allVips } from './vips.js';

/**
 * The VIPs that fall to this node; all where there is no limit.
 * @param absentNodes  addresses of nodes that are gone
 */
export function shareOf(config: NodeConfig, absentNodes: ReadonlySet<string>): ReadonlySet<string> {
  const shares = sharesOf(config, absentNodes);
  return shares === undefined ? new Set(allVips(config)) : vipsOfNode(ownName(config), shares);
}

/** Why VIPs do not fall to this node: one sentence, if any. */
export function explainShare(config: NodeConfig, absentNodes: ReadonlySet<string>): readonly string[] {
  const shares = sharesOf(config, absentNodes);
  if (shares === undefined) return [];
  const own = vipsOfNode(ownName(config), shares);
  const others = shares.vips.filter((vip) => !own.has(vip));
  return others.length === 0 ? [] : [`${others.join(', ')}: ${reasonOf(shares)}`];
}

function reasonOf({ vips, nodes, maxVips }: VipShares): string {
  const room = maxVips * nodes.length;
  if (nodes.length === 1)
    return `bgp.maxVips is ${maxVips}, and no other node is known that has them; the section nodes says which there are`;
  if (room < vips.length)
    return `bgp.maxVips is ${maxVips}, so that ${nodes.length} nodes have room for ${room} of ${vips.length} VIPs: some have no node`;
  return `bgp.maxVips is ${maxVips}, and other nodes have them`;
}

/** Shared with the nodes that take new flows; undefined: there is no limit. */
function sharesOf(config: NodeConfig, absentNodes: ReadonlySet<string>): VipShares | undefined {
  const maxVips = config.bgp?.maxVips;
  if (maxVips === undefined) return undefined;
  const own = ownMember(config);
  const others = (config.nodes?.members ?? []).filter((member) => own !== undefined && member !== own);
  const present = others.filter(
    ({ address, state }) => (state === 'active' || state === 'filling') && !absentNodes.has(address),
  );
  return { vips: allVips(config), nodes: [ownName(config), ...present.map(({ name }) => name)], maxVips };
}

/** What the other nodes know this one as. */
function ownName(config: NodeConfig): string {
  return ownMember(config)?.name ?? config.node.name;
}

function ownMember({ node, nodes }: NodeConfig) {
  return nodes?.members.find(({ address }) => address === node.address || address === node.address6);
}
