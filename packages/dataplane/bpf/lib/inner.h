/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the outer headers say of a packet that a socket of this host sends. */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__u32 bytes;        /* of IP */
	__u8 family;        /* 4 or 6; 0: neither */
	__u8 traffic_class; /* DSCP and ECN */
};

static __always_inline struct inner read_inner(const struct __sk_buff *skb)
{
	struct inner inner = { .bytes = skb->len - ETH_HLEN };
	__be16 start;

	if (bpf_skb_load_bytes(skb, ETH_HLEN, &start, sizeof(start)))
		return inner;
	/* The version's half byte; IPv4 has the whole class in the second byte, IPv6 in the middle of the two. */
	inner.family = bpf_ntohs(start) >> 12;
	inner.traffic_class = inner.family == 4 ? bpf_ntohs(start) & 0xff : bpf_ntohs(start) >> 4 & 0xff;
	return inner;
}
