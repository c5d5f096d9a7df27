/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What outer headers say of the packet inside. */
#pragma once
#include <linux/in.h>
#include <linux/types.h>

/* A parser's answer: an XDP action, or that a struct tunnel is filled in. */
#define FOUND (-1)

struct tunnel {
	__u32 inner;   /* offset of the inner packet in the frame; while parsing, of what comes next */
	__u8 protocol; /* IPPROTO_IPIP or IPPROTO_IPV6: what the inner packet is */
	__u8 ecn;
	__u8 encapsulation;
	__u8 hops;         /* offset of the list of hops in the frame; 0: there is none */
	__u8 outer_family; /* 4 or 6, with a list of hops */
};

/* The inner packet's protocol by the first byte of its own header; 0 if that is no IP. */
static __always_inline __u8 protocol_by_version(__u8 first)
{
	if (first >> 4 == 4)
		return IPPROTO_IPIP;
	return first >> 4 == 6 ? IPPROTO_IPV6 : 0;
}
