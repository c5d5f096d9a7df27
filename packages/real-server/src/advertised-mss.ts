export const encapsulations = ['ipip', 'gre', 'gue', 'fou', 'second_chance'] as const;
/**
 * What nodes may put before a client's packet; `fou` is the method gue without a header, `second_chance` the one with a
 * list of hops.
 */
export type Encapsulation = (typeof encapsulations)[number];

export const families = ['ipv4', 'ipv6'] as const;
export type Family = (typeof families)[number];

/** Bytes of an IP header without options or extensions: RFC 791 section 3.1, RFC 8200 section 3. */
const ipBytes: Readonly<Record<Family, number>> = { ipv4: 20, ipv6: 40 };
/** Bytes of an address in a list of hops: of the outer header's family. */
const hopBytes: Readonly<Record<Family, number>> = { ipv4: 4, ipv6: 16 };
/** Choices are five at most, while the fields of the hash change; the first is the outer destination. */
const HOPS = 4;
/** Bytes between the outer and the inner IP header: none; GRE without options (RFC 2784 section 2); UDP, and GUE. */
const tunnelBytes: Readonly<Record<Encapsulation, number>> = { ipip: 0, gre: 4, gue: 12, fou: 8, second_chance: 16 };
/** Bytes of a TCP header without options: RFC 9293 section 3.1. */
const TCP_BYTES = 20;

/** Bytes that a node puts before a client's packet. */
export function overheadBytes(encapsulation: Encapsulation, outer: Family): number {
  return ipBytes[outer] + tunnelBytes[encapsulation] + (encapsulation === 'second_chance' ? HOPS * hopBytes[outer] : 0);
}

/** The MSS that fills a packet of `mtuBytes`, as the kernel would advertise it (RFC 6691 section 2). */
export function plainMss(mtuBytes: number, family: Family): number {
  return mtuBytes - ipBytes[family] - TCP_BYTES;
}

/**
 * The MSS that a backend tells clients of a VIP: a full segment still fits the link once a node has encapsulated it, by
 * whichever of the encapsulations and outer families is the largest.
 *
 * It is the advertised MSS that is lowered and not the MTU: what the backend sends goes straight to the client, not
 * encapsulated, and may fill the link.
 *
 * @param mtuBytes  of the interface that nodes send to
 * @param enabled  at least one
 * @param inner  family of the VIP
 * @param outer  families that nodes may reach this host by, at least one
 */
export function advertisedMss(
  mtuBytes: number,
  enabled: readonly Encapsulation[],
  inner: Family,
  outer: readonly Family[],
): number {
  const overhead = Math.max(...enabled.flatMap((name) => outer.map((family) => overheadBytes(name, family))));
  return plainMss(mtuBytes, inner) - overhead;
}
