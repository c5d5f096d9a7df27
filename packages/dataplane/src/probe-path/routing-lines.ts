import { PROBE_MARKS } from './probe-mark.js';

/** Route table and rule priority of marked packets. The priority comes before the table main, at 32766. */
export const PROBE_TABLE = 5700;
/** The same for VIPs, as sources of answers; see {@link answerRuleLine}. */
export const ANSWER_TABLE = 5701;
/** `proto` of routes and rules of Weir. */
const WEIR_PROTOCOL = 177;
/** What the largest of the outer headers takes: IPv6, UDP, GUE, a list of no hops. */
export const OUTER_BYTES_MAX = 40 + 8 + 4 + 4;
/** RFC 8200, section 5. */
const IPV6_MTU_MIN = 1280;

/** An option of `ip`; the lines below are for `ip -4 -batch -` or `ip -6 -batch -`. */
export type FamilyOption = '-4' | '-6';

const probeRule = `fwmark 0x${PROBE_MARKS.base.toString(16)}/0x${PROBE_MARKS.mask.toString(16)} lookup ${PROBE_TABLE} pref ${PROBE_TABLE}`;
const answerRule = `iif lo lookup ${ANSWER_TABLE} pref ${ANSWER_TABLE}`;

/** Of either family: removes all that the others add, as far as it is there. */
export const removalLines: readonly string[] = [
  `rule del ${probeRule}`,
  `rule del ${answerRule}`,
  `route flush table ${PROBE_TABLE}`,
  `route flush table ${ANSWER_TABLE}`,
];

/**
 * Of either family: marked packets go to lo, whose egress program sends them on. No other interface takes a packet for a
 * VIP without asking its link for a neighbour of that address first.
 */
export const probeRuleLine = `rule add ${probeRule} protocol ${WEIR_PROTOCOL}`;

/**
 * The route of marked packets, by which the kernel chooses their source address and the size of segments.
 * @param source  this node's address; undefined: the kernel chooses
 * @param mtuBytes  the smallest of the interfaces that probes may leave by
 */
export function probeRouteLine(family: FamilyOption, source: string | undefined, mtuBytes: number): string {
  // IPv6 takes no other route by lo than one of type local; what is sent there passes the egress program all the same.
  const what = family === '-4' ? 'default' : 'local default';
  const room = mtuBytes - OUTER_BYTES_MAX;
  const mtu = family === '-4' ? room : Math.max(room, IPV6_MTU_MIN);
  const src = source === undefined ? '' : ` src ${source}`;
  return `route replace ${what} dev lo table ${PROBE_TABLE} proto ${WEIR_PROTOCOL}${src} mtu ${mtu}`;
}

/**
 * Of IPv4: look-ups of the node itself see {@link ANSWER_TABLE} first. Where the kernel looks for a way back to the source
 * of what comes in (rp_filter 1 or 2, which IPv6 does not have), that counts as one; and of a VIP the table main says
 * that it is unreachable. Packets that the node forwards are not looked up there.
 */
export const answerRuleLine = `rule add ${answerRule} protocol ${WEIR_PROTOCOL}`;

/** Of IPv4: each of the interfaces is a way back to this VIP. */
export function answerLine(vip: string, interfaces: readonly string[]): string {
  const ways = interfaces.map((name) => `nexthop dev ${name}`).join(' ');
  return `route replace ${vip}/32 table ${ANSWER_TABLE} proto ${WEIR_PROTOCOL} scope link ${ways}`;
}

export function answerRemovalLine(vip: string): string {
  return `route del ${vip}/32 table ${ANSWER_TABLE}`;
}
