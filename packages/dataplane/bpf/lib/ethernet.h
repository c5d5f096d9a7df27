/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The link layer of a packet that leaves: IEEE 802.3, 802.1Q where the outgoing interface is a VLAN. */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "parse.h"
#include "tables.h"

/* What functions return that wrote a packet which can leave; else an XDP action. */
#define WRITTEN (-1)

/*
 * Moves the front of the frame so that the packet has `outer_bytes` in front of it and the Ethernet header before them.
 * Returns where they begin; NULL when the driver left no room.
 */
static __always_inline void *write_ethernet(struct xdp_md *ctx, const struct packet *packet,
					    const struct nexthop *nexthop, __be16 ethertype, const __u32 outer_bytes)
{
	int l2_bytes = nexthop->vlan ? ETH_HLEN + VLAN_TAG_BYTES : ETH_HLEN;
	int shrink = packet->l3 - l2_bytes - (int)outer_bytes;
	void *start, *end, *l3;

	if (shrink && bpf_xdp_adjust_head(ctx, shrink))
		return NULL;
	start = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (start + ETH_HLEN + VLAN_TAG_BYTES > end)
		return NULL;
	__builtin_memcpy(start, nexthop->ethernet, 12);
	if (nexthop->vlan) {
		*(__be16 *)(start + 12) = bpf_htons(ETH_P_8021Q);
		*(__be16 *)(start + 14) = bpf_htons(nexthop->vlan);
		*(__be16 *)(start + 16) = ethertype;
		l3 = start + ETH_HLEN + VLAN_TAG_BYTES;
	} else {
		*(__be16 *)(start + 12) = ethertype;
		l3 = start + ETH_HLEN;
	}
	return l3 + outer_bytes > end ? NULL : l3;
}

static __always_inline int leave(struct xdp_md *ctx, const struct nexthop *nexthop)
{
	return nexthop->ifindex == ctx->ingress_ifindex ? XDP_TX : bpf_redirect(nexthop->ifindex, 0);
}
