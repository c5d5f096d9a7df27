import { createHash } from 'node:crypto';

/** Nodes that share VIPs between them, each with room for so many. */
export interface VipShares {
  readonly vips: readonly string[];
  /** Names; the same on all nodes. */
  readonly nodes: readonly string[];
  readonly maxVips: number;
}

/**
 * The VIPs that a node announces where none announces more than `maxVips`. All nodes come to the same answer from the
 * same names, in whatever order they have them. Every VIP gets a first node before any gets a second, as far as there is
 * room; among nodes with room the one with the highest hash has it, so that a node or VIP that comes or goes moves few others.
 *
 * @param node  one of `nodes`
 * @see Thaler and Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM Transactions on Networking 6(1),
 *   1998
 */
export function vipsOfNode(node: string, { vips, nodes, maxVips }: VipShares): ReadonlySet<string> {
  const wishes = vips
    .flatMap((vip) => nodes.map((name) => ({ vip, node: name, score: scoreOf(name, vip) })))
    .sort((a, b) => (a.score < b.score ? 1 : -1));
  const shares = new Map(nodes.map((name) => [name, new Set<string>()]));
  const holders = new Map(vips.map((vip) => [vip, 0]));
  for (let round = 1; round <= nodes.length; round += 1) {
    for (const wish of wishes) {
      const share = shares.get(wish.node) as Set<string>;
      const held = holders.get(wish.vip) as number;
      if (held >= round || share.size >= maxVips || share.has(wish.vip)) continue;
      share.add(wish.vip);
      holders.set(wish.vip, held + 1);
    }
  }
  return shares.get(node) ?? new Set();
}

/** Names may be of any length: the separator is a character that neither has. */
function scoreOf(node: string, vip: string): string {
  return createHash('sha256').update(`${node}\n${vip}`).digest('hex');
}
