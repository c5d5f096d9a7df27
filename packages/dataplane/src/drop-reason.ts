/**
 * Why a packet ended at this node, in the order of `enum drop_reason` (bpf/lib/tables.h); names are those of counters
 * and metrics.
 *
 * | reason | meaning |
 * |---|---|
 * | truncated_ipv4, truncated_ipv6 | the frame is shorter than its IP header says |
 * | malformed_ipv4, malformed_ipv6 | version or header length contradict themselves |
 * | truncated_transport | no room for the transport's header in what IP claims |
 * | fragment_unknown | a later fragment for a VIP, whose first one has not been seen |
 * | extension_header | an IPv6 packet for a VIP with more extension headers than are looked through, or a malformed one |
 * | ttl_expired | TTL or hop limit would become 0 here |
 * | no_backend | the service has no backend that takes traffic |
 * | no_route | the kernel has no route to the next hop, or forwarding is off on the interface |
 * | no_neighbour | the next hop's MAC address is not resolved |
 * | too_big | the packet does not fit the next hop's MTU; the sender was told, as often as the rate limit lets |
 * | no_headroom | the driver left no room for the outer header |
 * | denied | its source is on the deny list |
 * | source_rate | its source opens more new flows a second than are allowed |
 * | no_flow | a packet of a flow that nobody knows, for a service that can't go on without (nat, fullnat) |
 * | table_full | no room in the flow table, for a service that can't go on without |
 * | no_local_port | fullnat: no local address and port is free towards that backend |
 * | flow_rate | more new flows a second on this node than are allowed, for a service that can't go on without |
 * | icmp_unknown | an ICMP error about a packet of no known flow or service |
 * | program_missing | the program for packets that are not common is not where the other one calls it; a fault of the node |
 * | handover_peer | it came to the port for packets of other nodes, and not from one |
 * | handover_malformed | from another node, with a list of hops that contradicts itself or the packet, or with a packet of no service inside |
 * | takeover_rate | nat or fullnat, and more packets of unknown flows came than may be looked up |
 */
export const dropReasons = [
  'truncated_ipv4',
  'malformed_ipv4',
  'truncated_ipv6',
  'malformed_ipv6',
  'truncated_transport',
  'fragment_unknown',
  'extension_header',
  'ttl_expired',
  'no_backend',
  'no_route',
  'no_neighbour',
  'too_big',
  'no_headroom',
  'denied',
  'source_rate',
  'no_flow',
  'table_full',
  'no_local_port',
  'flow_rate',
  'icmp_unknown',
  'program_missing',
  'handover_peer',
  'handover_malformed',
  'takeover_rate',
] as const;

export type DropReason = (typeof dropReasons)[number];
