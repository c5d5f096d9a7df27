/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A load balancer forwards, so it takes one hop off (RFC 791 section 3.2; tunnels: RFC 2003 section 3.1, RFC 2473 3.1). */
#pragma once
#include <linux/bpf.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include "parse.h"

/* Only for packets with a TTL above 1. Returns false when the header is not where it was. */
static __always_inline int take_hop(struct xdp_md *ctx, const struct packet *packet)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if (packet->family == 4) {
		struct iphdr *ip = start + (packet->l3 & OFFSET_MASK);
		__u32 check;

		if ((void *)(ip + 1) > end)
			return 0;
		/* RFC 1624: the TTL is the high byte of its word, so the checksum grows by 0x0100, with end-around carry. */
		check = (__u32)ip->check + bpf_htons(0x0100);
		ip->check = check + (check >= 0xffff);
		ip->ttl--;
	} else {
		struct ipv6hdr *ip = start + (packet->l3 & OFFSET_MASK);

		if ((void *)(ip + 1) > end)
			return 0;
		ip->hop_limit--;
	}
	return 1;
}
