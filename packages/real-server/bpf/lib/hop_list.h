/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who else may know a packet: GLB's private data in a GUE header of variant 0 (glb-director, docs/development/gue-header.md),
 * and the like of it with IPv6 hops.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * | 0 |0|  Hlen   |   4 or 41     |             0                 |
 * |  0: IPv4 hops, 1: IPv6 hops   | Next hop      | Hop count     |
 * |  Hop count addresses of 4 or 16 bytes                         |
 */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/types.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include "count.h"
#include "packet.h"
#include "tunnel.h"

#define HOPS_MAX 4
#define GUE_HLEN 0x1f
#define GUE_HEADER_BYTES 4

struct hop_list {
	__be16 type;
	__u8 next;
	__u8 count;
};

/* Hops are of the family of the outer header: the next one takes the place of its destination. */
static __always_inline int parse_hop_list(const void *start, const __u8 *gue, const void *end, struct tunnel *tunnel)
{
	const struct ethhdr *ethernet = start;
	const struct hop_list *list = (const void *)(gue + GUE_HEADER_BYTES);
	__u32 bytes;

	tunnel->encapsulation = ENCAPSULATION_SECOND_CHANCE;
	if ((const void *)(list + 1) > end)
		return drop(COUNT_TRUNCATED);
	tunnel->protocol = gue[1];
	if (gue[0] & ~GUE_HLEN || gue[2] || gue[3] ||
	    (tunnel->protocol != IPPROTO_IPIP && tunnel->protocol != IPPROTO_IPV6))
		return drop(COUNT_MALFORMED_GUE);
	if (!gue[0])
		return drop(COUNT_MALFORMED_HOPS);
	if (list->type != 0 && list->type != bpf_htons(1))
		return drop(COUNT_UNKNOWN_HOP_TYPE);
	tunnel->outer_family = ethernet->h_proto == bpf_htons(ETH_P_IP) ? 4 : 6;
	if (list->type != (tunnel->outer_family == 4 ? 0 : bpf_htons(1)))
		return drop(COUNT_MALFORMED_HOPS);
	bytes = sizeof(*list) + list->count * (tunnel->outer_family == 4 ? 4 : 16);
	if (list->count > HOPS_MAX || list->next > list->count || gue[0] * 4 != bytes)
		return drop(COUNT_MALFORMED_HOPS);
	tunnel->hops = tunnel->inner + GUE_HEADER_BYTES;
	tunnel->inner += GUE_HEADER_BYTES + bytes;
	return FOUND;
}

static __always_inline int read_hop(struct xdp_md *ctx, const struct tunnel *tunnel, __u32 which, struct address *hop)
{
	__u32 at = tunnel->hops + sizeof(struct hop_list);

	if (tunnel->outer_family != 4)
		return copy(ctx, at + 16 * which, hop, sizeof(*hop));
	*hop = mapped(0);
	return copy(ctx, at + 4 * which, &hop->word[3], sizeof(hop->word[3]));
}
