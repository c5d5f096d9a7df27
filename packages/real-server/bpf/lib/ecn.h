/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What congestion the tunnel met is told to the inner packet: RFC 6040 section 4.2. */
#pragma once
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>

#define ECN_MASK 3
#define ECN_NOT_ECT 0
#define ECN_ECT_1 1
#define ECN_CE 3

/* Returns the inner packet's new ECN field, or -1: the packet is to be dropped. */
static __always_inline int merged_ecn(__u8 outer, __u8 inner)
{
	if (outer == ECN_CE)
		return inner == ECN_NOT_ECT ? -1 : ECN_CE;
	if (outer == ECN_ECT_1 && inner != ECN_NOT_ECT && inner != ECN_CE)
		return ECN_ECT_1;
	return inner;
}

/* The first 16 bits of an IPv4 header, changed, with the checksum (RFC 1624, equation 3). */
static __always_inline void set_ecn_ipv4(struct iphdr *ip, __u8 ecn)
{
	__be16 before = *(__be16 *)ip;
	__be16 after = (before & ~bpf_htons(ECN_MASK)) | bpf_htons(ecn);
	__u32 sum = (__u16)~ip->check + (__u16)~before + after;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~sum;
	*(__be16 *)ip = after;
}

static __always_inline void set_ecn_ipv6(struct ipv6hdr *ip, __u8 ecn)
{
	/* The traffic class is 8 bits from bit 4 on; its last two are ECN. */
	*(__be16 *)ip = (*(__be16 *)ip & ~bpf_htons(ECN_MASK << 4)) | bpf_htons(ecn << 4);
}
