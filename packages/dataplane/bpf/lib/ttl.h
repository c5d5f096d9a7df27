/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The encapsulator forwards the inner packet, so it takes one hop off its TTL (RFC 2003 section 3.1, RFC 2473 3.1). */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include "parse.h"

/* Returns false when the packet ends here. */
static __always_inline int take_hop(struct xdp_md *ctx, const struct packet *packet)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if (packet->family == 4) {
		struct iphdr *ip = start + ETH_HLEN;
		__u32 check;

		if ((void *)(ip + 1) > end || ip->ttl <= 1)
			return 0;
		/* RFC 1624: the TTL is the high byte of its word, so the checksum grows by 0x0100, with end-around carry. */
		check = (__u32)ip->check + bpf_htons(0x0100);
		ip->check = check + (check >= 0xffff);
		ip->ttl--;
	} else {
		struct ipv6hdr *ip = start + ETH_HLEN;

		if ((void *)(ip + 1) > end || ip->hop_limit <= 1)
			return 0;
		ip->hop_limit--;
	}
	return 1;
}
