/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where the kernel would send a packet for a backend: interface, MAC addresses, MTU. The answer is kept, by CPU and
 * backend, in the line that is counted into anyway; the clock makes it stale once a second, so a change of routes or
 * neighbours is followed within that second also while no daemon runs.
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "service.h"
#include "tables.h"

#define AF_INET 2
#define AF_INET6 10

#define NEXTHOP_FOUND (-1)

static __always_inline int ask_fib(struct xdp_md *ctx, const struct backend *backend, struct backend_cpu *known)
{
	struct bpf_fib_lookup query = { .ifindex = ctx->ingress_ifindex };
	long result;

	if (backend->outer_family == 4) {
		query.family = AF_INET;
		query.ipv4_src = backend->source[0];
		query.ipv4_dst = backend->destination[0];
	} else {
		query.family = AF_INET6;
		__builtin_memcpy(query.ipv6_src, backend->source, 16);
		__builtin_memcpy(query.ipv6_dst, backend->destination, 16);
	}
	result = bpf_fib_lookup(ctx, &query, sizeof(query), 0);
	if (result == BPF_FIB_LKUP_RET_NO_NEIGH)
		return drop(DROP_NO_NEIGHBOUR);
	if (result != BPF_FIB_LKUP_RET_SUCCESS)
		return drop(DROP_NO_ROUTE);
	known->ifindex = query.ifindex;
	known->mtu = query.mtu_result;
	__builtin_memcpy(known->ethernet, query.dmac, 6);
	__builtin_memcpy(known->ethernet + 6, query.smac, 6);
	return NEXTHOP_FOUND;
}

static __always_inline int find_nexthop(struct xdp_md *ctx, const struct backend *backend, struct backend_cpu *known)
{
	struct state *current = current_state();
	__u64 stamp;
	int verdict;

	if (!current)
		return drop(DROP_NO_ROUTE);
	stamp = (__u64)backend->epoch << 32 | current->nexthop_generation;
	if (settings.nexthop_cache && known->nexthop_stamp == stamp)
		return NEXTHOP_FOUND;
	verdict = ask_fib(ctx, backend, known);
	if (verdict == NEXTHOP_FOUND)
		known->nexthop_stamp = stamp;
	return verdict;
}
