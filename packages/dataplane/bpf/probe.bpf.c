// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The way of a health probe to a VIP on one backend: docs/health.md. Marked packets of local sockets come by lo, where
 * this is the egress program; they leave as clients' packets would, by the interface that leads to the backend.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "lib/inner.h"
#include "lib/outer.h"

#define PROBE_MARK_BASE 0x57000000
#define PROBE_MARK_MASK 0xff000000
#define PROBE_ROUTES_MAX 65536
#define OUTER_BYTES_MAX 56

#define AF_INET 2
#define AF_INET6 10

#define FOUND 0
#define LOST (-1)

struct probe_route {
	struct backend backend; /* only what says where packets go */
	__u32 arrives_on;       /* interface of the node: the next hop is that of packets that come in there */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_ROUTES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32); /* mark */
	__type(value, struct probe_route);
} probe_routes SEC(".maps");

/* A neighbour that the kernel does not know yet is no reason to stop here: bpf_redirect_neigh() asks for it. */
static __always_inline int find_next_hop(struct __sk_buff *skb, const struct probe_route *route,
					 struct bpf_fib_lookup *query)
{
	const struct backend *backend = &route->backend;
	long result;

	query->ifindex = route->arrives_on;
	if (backend->outer_family == 4) {
		query->family = AF_INET;
		query->ipv4_src = backend->source.word[0];
		query->ipv4_dst = backend->destination.word[0];
	} else {
		query->family = AF_INET6;
		__builtin_memcpy(query->ipv6_src, &backend->source, 16);
		__builtin_memcpy(query->ipv6_dst, &backend->destination, 16);
	}
	result = bpf_fib_lookup(skb, query, sizeof(*query), 0);
	return result == BPF_FIB_LKUP_RET_SUCCESS || result == BPF_FIB_LKUP_RET_NO_NEIGH ? FOUND : LOST;
}

/* Checksums of what is inside, and segments, are made after this: the flags tell the kernel where to find it. */
static __always_inline __u64 room_flags(const __u32 ip_bytes, const enum method method)
{
	__u64 flags = ip_bytes == sizeof(struct iphdr) ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV6;

	/* The route's MTU has room for the headers. */
	flags |= BPF_F_ADJ_ROOM_FIXED_GSO;
	if (method == METHOD_IPIP)
		return flags;
	return flags | (method == METHOD_GRE ? BPF_F_ADJ_ROOM_ENCAP_L4_GRE : BPF_F_ADJ_ROOM_ENCAP_L4_UDP);
}

/* METHOD_HOPS: a list of none, so that the packet is this backend's to answer. */
static __always_inline __u32 shim_with_list(const enum method method)
{
	return method == METHOD_HOPS ? GUE_BYTES + sizeof(struct hop_list) : shim_bytes(method);
}

static __always_inline void write_empty_list(void *start, const struct backend *backend, const struct inner *inner,
					     __u32 hash)
{
	struct gue_header *gue = start + sizeof(struct udphdr);
	struct hop_list *list = (void *)(gue + 1);

	write_udp(start, backend, sizeof(*gue) + sizeof(*list) + inner->bytes, hash);
	gue->variant_control_length = sizeof(*list) / 4;
	gue->protocol = inner_protocol(inner->family);
	gue->flags = 0;
	list->type = backend->outer_family == 4 ? bpf_htons(HOPS_IPV4) : bpf_htons(HOPS_IPV6);
	list->next = 0;
	list->count = 0;
}

static __always_inline int write_outer(struct __sk_buff *skb, const struct backend *backend, const struct inner *inner,
				       const __u32 ip_bytes, const enum method method)
{
	const __u32 shim = shim_with_list(method);
	__u8 protocol = method == METHOD_IPIP ? inner_protocol(inner->family) :
			method == METHOD_GRE  ? IPPROTO_GRE :
						IPPROTO_UDP;
	__u32 hash = bpf_get_hash_recalc(skb);
	__u8 outer[OUTER_BYTES_MAX] __attribute__((aligned(8)));

	if (ip_bytes == sizeof(struct iphdr))
		write_ipv4((void *)outer, backend, inner->traffic_class, protocol, ip_bytes + shim + inner->bytes);
	else
		write_ipv6((void *)outer, backend, inner->traffic_class, protocol, shim + inner->bytes, hash);
	if (method == METHOD_HOPS)
		write_empty_list(outer + ip_bytes, backend, inner, hash);
	else
		write_shim(outer + ip_bytes, backend, inner->family, inner->bytes, hash, method);
	if (bpf_skb_adjust_room(skb, ip_bytes + shim, BPF_ADJ_ROOM_MAC, room_flags(ip_bytes, method)))
		return LOST;
	return bpf_skb_store_bytes(skb, ETH_HLEN, outer, ip_bytes + shim, 0) ? LOST : FOUND;
}

static __always_inline int encapsulate_over(struct __sk_buff *skb, const struct backend *backend,
					    const struct inner *inner, const __u32 ip_bytes)
{
	switch (backend->method) {
	case METHOD_IPIP:
		return write_outer(skb, backend, inner, ip_bytes, METHOD_IPIP);
	case METHOD_GRE:
		return write_outer(skb, backend, inner, ip_bytes, METHOD_GRE);
	case METHOD_GUE:
		return write_outer(skb, backend, inner, ip_bytes, METHOD_GUE);
	case METHOD_FOU:
		return write_outer(skb, backend, inner, ip_bytes, METHOD_FOU);
	case METHOD_HOPS:
		return write_outer(skb, backend, inner, ip_bytes, METHOD_HOPS);
	default:
		return backend->method == METHOD_DR ? FOUND : LOST;
	}
}

static __always_inline int encapsulate(struct __sk_buff *skb, const struct backend *backend, const struct inner *inner)
{
	if (backend->outer_family == 4)
		return encapsulate_over(skb, backend, inner, sizeof(struct iphdr));
	return encapsulate_over(skb, backend, inner, sizeof(struct ipv6hdr));
}

/* bpf_redirect_neigh() sends no IPv6 packet by an IPv4 neighbour (dr): that one has to be known (lb-node sees to it). */
static __always_inline int leave_by_ethernet(struct __sk_buff *skb, const struct bpf_fib_lookup *hop)
{
	__u8 ethernet[12] __attribute__((aligned(4)));

	__builtin_memcpy(ethernet, hop->dmac, 6);
	__builtin_memcpy(ethernet + 6, hop->smac, 6);
	if (*(__u32 *)ethernet == 0 && *(__u16 *)(ethernet + 4) == 0)
		return TC_ACT_SHOT;
	if (bpf_skb_store_bytes(skb, 0, ethernet, sizeof(ethernet), 0))
		return TC_ACT_SHOT;
	return bpf_redirect(hop->ifindex, 0);
}

/*
 * The packet came with its route by lo. A packet that has to wait until its neighbour is known looks up, when it goes on,
 * what neighbour its route leads to: here, none of a link. A tunnel's key takes the place of the route, and leads nowhere.
 */
static __always_inline int forget_route(struct __sk_buff *skb)
{
	struct bpf_tunnel_key key = {};

	return bpf_skb_set_tunnel_key(skb, &key, sizeof(key), 0) ? LOST : FOUND;
}

/* The VIP is at the neighbour, whatever the kernel's routes say of it. */
static __always_inline int leave_unchanged(struct __sk_buff *skb, const struct bpf_fib_lookup *hop, __u8 family)
{
	struct bpf_redir_neigh neighbour = { .nh_family = hop->family };

	if (family == 6 && hop->family == AF_INET)
		return leave_by_ethernet(skb, hop);
	if (forget_route(skb) == LOST)
		return TC_ACT_SHOT;
	__builtin_memcpy(neighbour.ipv6_nh, hop->ipv6_dst, 16);
	return bpf_redirect_neigh(hop->ifindex, &neighbour, sizeof(neighbour), 0);
}

SEC("tc")
int weir_probe(struct __sk_buff *skb)
{
	__u32 mark = skb->mark;
	const struct probe_route *route;
	struct bpf_fib_lookup hop = {};
	struct inner inner;

	if ((mark & PROBE_MARK_MASK) != PROBE_MARK_BASE)
		return TC_ACT_UNSPEC;
	/* What goes on from here would come to lo, and to this host's own sockets. */
	route = bpf_map_lookup_elem(&probe_routes, &mark);
	if (!route)
		return TC_ACT_SHOT;
	inner = read_inner(skb);
	if ((inner.family != 4 && inner.family != 6) || find_next_hop(skb, route, &hop) == LOST ||
	    encapsulate(skb, &route->backend, &inner) == LOST)
		return TC_ACT_SHOT;
	/* The outer headers' route is not that of marked packets. */
	skb->mark = 0;
	if (route->backend.method == METHOD_DR)
		return leave_unchanged(skb, &hop, inner.family);
	return bpf_redirect_neigh(hop.ifindex, NULL, 0, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
