/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The inner packet: is it for this host, and what did it meet on its way? */
#pragma once
#include <linux/bpf.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "count.h"
#include "ecn.h"
#include "tunnel.h"

/* IPv4 as ::ffff:a.b.c.d. */
struct vip {
	__u32 address[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct vip);
	__type(value, __u32);
} vips SEC(".maps");

/* A tunnel of somebody else on this host, or a VIP that was taken off it. */
static __always_inline int pass_not_a_vip(void)
{
	count(COUNT_NOT_A_VIP);
	return XDP_PASS;
}

/*
 * Is the inner packet for a VIP of this host? Then its ECN field is made right. All else of it stays: the outer TTL
 * counts the tunnel's hops alone (RFC 2003, section 3.1), and the DSCP is the client's: the pipe model, not the uniform one
 * (RFC 2983, section 3).
 */
static __always_inline int accept_ipv4(struct iphdr *ip, void *end, __u8 ecn)
{
	struct vip vip = {};
	int merged;

	if ((void *)(ip + 1) > end)
		return drop(COUNT_TRUNCATED);
	vip.address[2] = bpf_htonl(0xffff);
	vip.address[3] = ip->daddr;
	if (!bpf_map_lookup_elem(&vips, &vip))
		return pass_not_a_vip();
	merged = merged_ecn(ecn, ip->tos & ECN_MASK);
	if (merged < 0)
		return drop(COUNT_ECN_CONFLICT);
	if (merged != (ip->tos & ECN_MASK))
		set_ecn_ipv4(ip, merged);
	return FOUND;
}

static __always_inline int accept_ipv6(struct ipv6hdr *ip, void *end, __u8 ecn)
{
	struct vip vip;
	int merged;
	__u8 inner;

	if ((void *)(ip + 1) > end)
		return drop(COUNT_TRUNCATED);
	__builtin_memcpy(&vip, &ip->daddr, sizeof(vip));
	if (!bpf_map_lookup_elem(&vips, &vip))
		return pass_not_a_vip();
	inner = bpf_ntohs(*(__be16 *)ip) >> 4 & ECN_MASK;
	merged = merged_ecn(ecn, inner);
	if (merged < 0)
		return drop(COUNT_ECN_CONFLICT);
	if (merged != inner)
		set_ecn_ipv6(ip, merged);
	return FOUND;
}
