/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the kernel would send a packet: interface, VLAN, MAC addresses, MTU. The answer is kept beside what is touched
 * anyway; the clock makes it stale once a second, so a change of routes or neighbours is followed within that second
 * also while no daemon runs.
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "hash.h"
#include "service.h"
#include "tables.h"

#define AF_INET 2
#define AF_INET6 10

#define NEXTHOP_FOUND (-1)

/* One of a few places, by hash: what is overwritten is noted again by the next packet. */
static __always_inline void note_unresolved(const struct bpf_fib_lookup *query, __u32 family)
{
	struct unresolved *noted;
	struct address gateway = {};
	__u32 place;

	if (family == 4)
		gateway.word[0] = query->ipv4_dst;
	else
		__builtin_memcpy(&gateway, query->ipv6_dst, 16);
	place = (gateway.word[0] ^ gateway.word[1] ^ gateway.word[2] ^ gateway.word[3]) * (__u32)MIX_1 >> 26;
	noted = bpf_map_lookup_elem(&unresolved_hops, &place);
	if (!noted)
		return;
	noted->address = gateway;
	noted->family = family;
	noted->ifindex = query->ifindex;
}

SEPARATE int ask_fib(struct xdp_md *ctx, const struct address *source, const struct address *destination,
		     __u32 family, struct nexthop *known)
{
	struct bpf_fib_lookup query = { .ifindex = ctx->ingress_ifindex };
	const struct vlan *vlan;
	__u32 ifindex;
	long result;

	if (!source || !destination || !known)
		return XDP_DROP;
	if (family == 4) {
		query.family = AF_INET;
		query.ipv4_src = source->word[0];
		query.ipv4_dst = destination->word[0];
	} else {
		query.family = AF_INET6;
		__builtin_memcpy(query.ipv6_src, source, 16);
		__builtin_memcpy(query.ipv6_dst, destination, 16);
	}
	result = bpf_fib_lookup(ctx, &query, sizeof(query), 0);
	if (result == BPF_FIB_LKUP_RET_NO_NEIGH) {
		/* An IPv4 route may lead by an IPv6 gateway (RFC 8950). */
		note_unresolved(&query, query.family == AF_INET ? 4 : 6);
		trace(TRACE_NEXT_HOP, DROP_NO_NEIGHBOUR + 1);
		return drop(DROP_NO_NEIGHBOUR);
	}
	if (result != BPF_FIB_LKUP_RET_SUCCESS) {
		trace(TRACE_NEXT_HOP, DROP_NO_ROUTE + 1);
		return drop(DROP_NO_ROUTE);
	}
	ifindex = query.ifindex;
	vlan = bpf_map_lookup_elem(&vlans, &ifindex);
	known->ifindex = vlan ? vlan->ifindex : ifindex;
	known->vlan = vlan ? vlan->id : 0;
	known->mtu = query.mtu_result;
	__builtin_memcpy(known->ethernet, query.dmac, 6);
	__builtin_memcpy(known->ethernet + 6, query.smac, 6);
	return NEXTHOP_FOUND;
}

/* `epoch`: what else makes the known answer invalid than time. */
static __always_inline int find_nexthop(struct xdp_md *ctx, const struct state *current, const struct address *source,
					const struct address *destination, __u8 family, __u32 epoch,
					struct nexthop *known)
{
	__u64 stamp = (__u64)epoch << 32 | current->now;
	int verdict;

	if (settings.nexthop_cache && known->stamp == stamp) {
		trace_nexthop(known);
		return NEXTHOP_FOUND;
	}
	verdict = ask_fib(ctx, source, destination, family, known);
	if (verdict == NEXTHOP_FOUND) {
		known->stamp = stamp;
		trace_nexthop(known);
	}
	return verdict;
}
