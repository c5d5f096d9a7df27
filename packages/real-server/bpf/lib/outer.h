/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The outer IP header of a tunnel packet, and which tunnel it is. */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include "count.h"
#include "ecn.h"
#include "gre.h"
#include "ipv4_checksum.h"
#include "settings.h"
#include "tunnel.h"
#include "udp_tunnel.h"

#define IPV4_FRAGMENT 0x3fff /* more fragments, and the offset */
#define IPV4_OFFSET 0x1fff
#define IPV6_OFFSET 0xfff8

/* RFC 8200, section 4.5. */
struct fragment_header {
	__u8 protocol;
	__u8 reserved;
	__be16 offset;
	__be32 identification;
};

static __always_inline int parse_payload(void *start, void *end, struct tunnel *tunnel, __u8 protocol)
{
	if ((protocol == IPPROTO_IPIP || protocol == IPPROTO_IPV6) && is_enabled(ENCAPSULATION_IPIP)) {
		tunnel->protocol = protocol;
		tunnel->encapsulation = ENCAPSULATION_IPIP;
		return FOUND;
	}
	if (protocol == IPPROTO_GRE && is_enabled(ENCAPSULATION_GRE))
		return parse_gre(start, end, tunnel);
	if (protocol == IPPROTO_UDP)
		return parse_udp(start, end, tunnel);
	return XDP_PASS;
}

/*
 * A tunnel packet in fragments means an MTU that is too small on the way. A service's own UDP may be fragmented, and only
 * the first fragment tells the two apart; the others then wait in vain in the kernel.
 */
static __always_inline int refuse_fragment(struct udphdr *udp, void *end, __u8 protocol, int is_first)
{
	if ((protocol == IPPROTO_IPIP || protocol == IPPROTO_IPV6) && is_enabled(ENCAPSULATION_IPIP))
		return drop(COUNT_OUTER_FRAGMENT);
	if (protocol == IPPROTO_GRE && is_enabled(ENCAPSULATION_GRE))
		return drop(COUNT_OUTER_FRAGMENT);
	if (protocol == IPPROTO_UDP && is_first && (void *)(udp + 1) <= end && is_tunnel_port(udp->dest))
		return drop(COUNT_OUTER_FRAGMENT);
	return XDP_PASS;
}

static __always_inline int parse_outer(void *start, void *end, struct tunnel *tunnel)
{
	struct ethhdr *ethernet = start;
	int verdict;

	if ((void *)(ethernet + 1) > end)
		return XDP_PASS;
	if (ethernet->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(ethernet + 1);

		if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
			return XDP_PASS; /* the kernel counts these */
		tunnel->inner = sizeof(*ethernet) + ip->ihl * 4;
		tunnel->ecn = ip->tos & ECN_MASK;
		if (ip->frag_off & bpf_htons(IPV4_FRAGMENT))
			return refuse_fragment(start + tunnel->inner, end, ip->protocol,
					       !(ip->frag_off & bpf_htons(IPV4_OFFSET)));
		verdict = parse_payload(start, end, tunnel, ip->protocol);
		/* No tunnel device of the kernel sees this header any more, so its sum is checked here. */
		if (verdict == FOUND && !is_ipv4_checksum_right(ip, end))
			return drop(COUNT_MALFORMED_OUTER);
		return verdict;
	}
	if (ethernet->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(ethernet + 1);

		if ((void *)(ip + 1) > end || ip->version != 6)
			return XDP_PASS;
		if (ip->nexthdr == IPPROTO_FRAGMENT) {
			struct fragment_header *fragment = (void *)(ip + 1);

			if ((void *)(fragment + 1) > end)
				return XDP_PASS;
			return refuse_fragment((void *)(fragment + 1), end, fragment->protocol,
					       !(fragment->offset & bpf_htons(IPV6_OFFSET)));
		}
		tunnel->inner = sizeof(*ethernet) + sizeof(*ip);
		tunnel->ecn = bpf_ntohs(*(__be16 *)ip) >> 4 & ECN_MASK;
		return parse_payload(start, end, tunnel, ip->nexthdr);
	}
	return XDP_PASS;
}
