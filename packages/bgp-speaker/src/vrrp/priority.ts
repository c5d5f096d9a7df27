import { createHash } from 'node:crypto';

/** The first node of a VIP has this; 255 is for the owner of an address (RFC 5798, section 5.2.4), which none is. */
const HIGHEST = 250;
/** Between one node and the next where there are few of them: seen at a glance in a capture. */
const STEP_MAX = 10;

/**
 * The priority of a node for a VIP. All nodes come to the same order from the same names, and VIPs are spread over them; a
 * node that comes or goes moves only its own.
 * @param nodes  names of all, at most 250
 * @see Thaler and Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM Transactions on Networking 6(1),
 *   1998
 */
export function priorityOf(vip: string, node: string, nodes: readonly string[]): number {
  const step = Math.max(1, Math.min(STEP_MAX, Math.floor((HIGHEST - 1) / nodes.length)));
  const own = scoreOf(node, vip);
  const ahead = nodes.filter((other) => other !== node && scoreOf(other, vip) > own).length;
  return Math.max(1, HIGHEST - ahead * step);
}

/** Names may be of any length: the separator is a character that neither has. */
function scoreOf(node: string, vip: string): string {
  return createHash('sha256').update(`${node}\n${vip}`).digest('hex');
}
