/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who may use the services at all, and how many new flows a second are remembered. */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "hash.h"
#include "parse.h"
#include "tables.h"

#define NETWORK_BITS (8 * (sizeof(struct network) - sizeof(__u32)))

SEPARATE int is_denied(const struct packet *packet)
{
	struct network address = { .prefix_bits = NETWORK_BITS };
	const __u32 *permission;

	if (!packet)
		return 0;
	address.family = packet->family;
	__builtin_memcpy(address.address, packet->source, 16);
	permission = bpf_map_lookup_elem(&networks, &address);
	trace(TRACE_GUARD, permission && *permission == PERMISSION_DENY);
	return permission && *permission == PERMISSION_DENY;
}

/* False: this node remembers no more flows in this second. One count for all CPUs, touched by new flows only. */
static __always_inline int node_may_remember(struct state *current)
{
	__u32 second = current->now;

	if (!current->node_rate)
		return 1;
	if (current->rate_second != second) {
		current->rate_second = second;
		current->node_count = 0;
	}
	trace(TRACE_RATE, 1, current->node_count < current->node_rate);
	return __sync_fetch_and_add(&current->node_count, 1) < current->node_rate;
}

/* False: this source (IPv4 address, IPv6 /64) has opened as many flows in this second as it may. */
SEPARATE int source_may_open(const struct packet *packet)
{
	const struct state *current = current_state();
	struct source_set *ways;
	struct source *oldest;
	__u32 set, tag;
	__u16 second;
	__u64 hash;

	if (!packet || !current || !current->source_rate)
		return 1;
	hash = mix(((__u64)current->flow_keys[0] << 32 | current->flow_keys[1]) ^ packet->family, packet->source[0], 0);
	tag = hash;
	set = hash >> 32 & settings.source_mask;
	second = current->now;
	ways = bpf_map_lookup_elem(&sources, &set);
	if (!ways)
		return 1;
	oldest = &ways->way[0];
	for (__u32 i = 0; i < SOURCE_WAYS; i++) {
		struct source *source = &ways->way[i];

		if (source->tag == tag && source->second == second) {
			trace(TRACE_RATE, 0, source->count < current->source_rate);
			if (source->count >= current->source_rate)
				return 0;
			source->count++;
			return 1;
		}
		/* One of an earlier second first, then the one that opened least: a flood does not push itself out. */
		if (oldest->second == second && (source->second != second || source->count < oldest->count))
			oldest = source;
	}
	trace(TRACE_RATE, 0, 1);
	oldest->tag = tag;
	oldest->second = second;
	oldest->count = 1;
	return 1;
}
