import { PROBE_MARKS } from './probe-mark.js';

/** Route table and rule priority of marked packets. The priority comes before the table main, at 32766. */
export const PROBE_TABLE = 5700;
/** The same for VIPs, as sources of answers; see {@link answerRuleLine}. */
export const ANSWER_TABLE = 5701;
/** `proto` of routes and rules of Weir. */
const WEIR_PROTOCOL = 177;
/** What the largest of the outer headers takes: IPv6, UDP, GUE, a list of no hops. */
const OUTER_BYTES_MAX = 40 + 8 + 4 + 4;
/** RFC 8200, section 5. */
const IPV6_MTU_MIN = 1280;

const families = [4, 6] as const;
type Family = (typeof families)[number];

const rule = `fwmark 0x${PROBE_MARKS.base.toString(16)}/0x${PROBE_MARKS.mask.toString(16)}`;

/**
 * Lines for `ip -force -batch` that remove all that the functions below add. Of a rule that may be there twice, one goes:
 * lives before this one have left at most one.
 */
export function removalLines(): string[] {
  return families.flatMap((family) => [
    `-${family} rule del ${rule} lookup ${PROBE_TABLE} pref ${PROBE_TABLE}`,
    `-${family} rule del iif lo lookup ${ANSWER_TABLE} pref ${ANSWER_TABLE}`,
    `-${family} route flush table ${PROBE_TABLE}`,
    `-${family} route flush table ${ANSWER_TABLE}`,
  ]);
}

/**
 * Lines for `ip -batch` that lead marked packets to lo, whose egress program sends them on: no other interface takes a
 * packet for a VIP without asking its link for a neighbour of that address first.
 */
export function probeRuleLines(): string[] {
  return families.map(
    (family) => `-${family} rule add ${rule} lookup ${PROBE_TABLE} pref ${PROBE_TABLE} protocol ${WEIR_PROTOCOL}`,
  );
}

/**
 * Lines for `ip -batch`: the route of marked packets, by which the kernel chooses their source address and the size of
 * segments.
 * @param sources  this node's addresses, where they are known; else the kernel chooses
 * @param mtuBytes  the smallest of the interfaces that probes may leave by
 */
export function probeRouteLines(
  sources: { readonly ipv4?: string | undefined; readonly ipv6?: string | undefined },
  mtuBytes: number,
): string[] {
  const room = mtuBytes - OUTER_BYTES_MAX;
  return [
    line(4, `default dev lo`, sources.ipv4, room),
    // IPv6 takes no other route by lo than one of type local; what is sent there passes the egress program all the same.
    line(6, `local default dev lo`, sources.ipv6, Math.max(room, IPV6_MTU_MIN)),
  ];
}

function line(family: Family, what: string, source: string | undefined, mtuBytes: number): string {
  const src = source === undefined ? '' : ` src ${source}`;
  return `-${family} route replace ${what} table ${PROBE_TABLE} proto ${WEIR_PROTOCOL}${src} mtu ${mtuBytes}`;
}

/**
 * A line for `ip -batch`: look-ups of the node itself see {@link ANSWER_TABLE} first. Where the kernel looks for a way back to
 * the source of what comes in (rp_filter 1 or 2, which IPv6 does not have), that counts as one; and of a VIP the table
 * main says that it is unreachable. Packets that the node forwards are not looked up there.
 */
export function answerRuleLine(): string {
  return `-4 rule add iif lo lookup ${ANSWER_TABLE} pref ${ANSWER_TABLE} protocol ${WEIR_PROTOCOL}`;
}

/** Lines for `ip -batch`: each of the interfaces is a way back to these VIPs, those of IPv4. */
export function answerLines(vips: readonly string[], interfaces: readonly string[]): string[] {
  const ways = interfaces.map((name) => `nexthop dev ${name}`).join(' ');
  return ofIpv4(vips).map(
    (vip) => `-4 route replace ${vip}/32 table ${ANSWER_TABLE} proto ${WEIR_PROTOCOL} scope link ${ways}`,
  );
}

export function answerRemovalLines(vips: readonly string[]): string[] {
  return ofIpv4(vips).map((vip) => `-4 route del ${vip}/32 table ${ANSWER_TABLE}`);
}

function ofIpv4(addresses: readonly string[]): string[] {
  return addresses.filter((address) => !address.includes(':'));
}
