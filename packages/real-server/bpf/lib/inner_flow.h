/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between whom an inner packet goes, or one that an ICMP error quotes. */
#pragma once
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "packet.h"

#define MORE_FRAGMENTS 0x2000
#define FRAGMENT_OFFSET 0x1fff
#define MORE_FRAGMENTS6 0x0001
#define FRAGMENT_OFFSET6 0xfff8
/* All that RFC 8200 section 4.1 lists and this program can step over: destination options come twice. */
#define EXTENSIONS_MAX 5

enum fragment { FRAGMENT_NONE, FRAGMENT_FIRST, FRAGMENT_LATER };

struct inner_flow {
	struct address source;
	struct address destination;
	__be32 identification; /* of fragments */
	__u32 transport;       /* offset of the transport header in the frame */
	__u8 family;
	__u8 protocol;
	__u8 fragment;
	__u8 unused;
};

/* Any extension header of IPv6, with what only a fragment's has. */
struct extension {
	__u8 protocol;
	__u8 words; /* of 8 bytes, without the first; a fragment's is reserved */
	__be16 offset;
	__be32 identification;
};

static __always_inline int read_ipv4(struct xdp_md *ctx, __u32 at, struct inner_flow *flow)
{
	struct iphdr ip;

	if (copy(ctx, at, &ip, sizeof(ip)) || ip.ihl < 5)
		return 0;
	flow->source = mapped(ip.saddr);
	flow->destination = mapped(ip.daddr);
	flow->protocol = ip.protocol;
	flow->identification = ip.id;
	flow->transport = at + ip.ihl * 4;
	if (ip.frag_off & bpf_htons(FRAGMENT_OFFSET))
		flow->fragment = FRAGMENT_LATER;
	else if (ip.frag_off & bpf_htons(MORE_FRAGMENTS))
		flow->fragment = FRAGMENT_FIRST;
	return 1;
}

static __always_inline int read_ipv6(struct xdp_md *ctx, __u32 at, struct inner_flow *flow)
{
	struct ipv6hdr ip;
	__u32 i;

	if (copy(ctx, at, &ip, sizeof(ip)))
		return 0;
	__builtin_memcpy(&flow->source, &ip.saddr, sizeof(flow->source));
	__builtin_memcpy(&flow->destination, &ip.daddr, sizeof(flow->destination));
	flow->protocol = ip.nexthdr;
	at += sizeof(ip);
	for (i = 0; i < EXTENSIONS_MAX; i++) {
		struct extension extension;

		if (flow->protocol != IPPROTO_HOPOPTS && flow->protocol != IPPROTO_ROUTING &&
		    flow->protocol != IPPROTO_DSTOPTS && flow->protocol != IPPROTO_FRAGMENT)
			break;
		if (copy(ctx, at, &extension, sizeof(extension)))
			return 0;
		at += sizeof(extension);
		if (flow->protocol != IPPROTO_FRAGMENT) {
			at += extension.words * 8;
		} else {
			flow->identification = extension.identification;
			if (extension.offset & bpf_htons(FRAGMENT_OFFSET6))
				flow->fragment = FRAGMENT_LATER;
			else if (extension.offset & bpf_htons(MORE_FRAGMENTS6))
				flow->fragment = FRAGMENT_FIRST;
		}
		flow->protocol = extension.protocol;
		if (flow->fragment == FRAGMENT_LATER)
			break;
	}
	flow->transport = at;
	return 1;
}

/* `protocol`: IPPROTO_IPIP or IPPROTO_IPV6. Returns 0 if the header is cut off or none. */
SEPARATE int read_flow(struct xdp_md *ctx, __u32 at, __u32 protocol, struct inner_flow *flow)
{
	if (!flow)
		return 0;
	*flow = (struct inner_flow){ .family = protocol == IPPROTO_IPIP ? 4 : 6 };
	return flow->family == 4 ? read_ipv4(ctx, at, flow) : read_ipv6(ctx, at, flow);
}
