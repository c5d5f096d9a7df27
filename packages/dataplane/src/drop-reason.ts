/**
 * Why a packet ended at this node, in the order of `enum drop_reason` (bpf/lib/tables.h); names are those of counters
 * and metrics.
 *
 * | reason | meaning |
 * |---|---|
 * | truncated_ipv4, truncated_ipv6 | the frame is shorter than its IP header says |
 * | malformed_ipv4, malformed_ipv6 | version or header length contradict themselves |
 * | truncated_transport | no room for a TCP or UDP header in what IP claims |
 * | fragment | a fragment for a VIP: its ports are not known |
 * | extension_header | an IPv6 packet for a VIP with extension headers before TCP or UDP |
 * | ttl_expired | TTL or hop limit would become 0 here |
 * | no_backend | the service has no backend that takes traffic |
 * | no_route | the kernel has no route to the backend, or forwarding is off on the interface |
 * | no_neighbour | the next hop's MAC address is not resolved |
 * | too_big | the packet does not fit the next hop's MTU once encapsulated |
 * | no_headroom | the driver left no room for the outer header |
 */
export const dropReasons = [
  'truncated_ipv4',
  'malformed_ipv4',
  'truncated_ipv6',
  'malformed_ipv6',
  'truncated_transport',
  'fragment',
  'extension_header',
  'ttl_expired',
  'no_backend',
  'no_route',
  'no_neighbour',
  'too_big',
  'no_headroom',
] as const;

export type DropReason = (typeof dropReasons)[number];
