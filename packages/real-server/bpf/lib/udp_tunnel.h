/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IP in UDP: GUE (draft-ietf-intarea-gue-09), FOU, and GUE with a list of hops, each at a port of its own. The UDP checksum is not looked at:
 * nodes send none, as RFC 6935 allows tunnels over IPv6 too.
 *
 * GUE, variant 0 (section 3.1), then FOU and GUE of variant 1 (section 4), which are alike: the packet itself.
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * | 0 |C|  Hlen   | Proto/ctype   |             Flags             |
 * |               Hlen words of fields and private data           |
 *
 * |Version|  IPv4 or IPv6 ...
 */
#pragma once
#include <linux/bpf.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include "count.h"
#include "hop_list.h"
#include "settings.h"
#include "tunnel.h"

#define GUE_CONTROL 0x20

static __always_inline int is_tunnel_port(__be16 port)
{
	return (is_enabled(ENCAPSULATION_GUE) && port == settings.gue_port) ||
	       (is_enabled(ENCAPSULATION_FOU) && port == settings.fou_port) ||
	       (is_enabled(ENCAPSULATION_SECOND_CHANCE) && port == settings.second_chance_port);
}

/* The packet begins right behind UDP. */
static __always_inline int parse_headerless(const __u8 *first, struct tunnel *tunnel, enum counter otherwise)
{
	tunnel->protocol = protocol_by_version(*first);
	return tunnel->protocol ? FOUND : drop(otherwise);
}

static __always_inline int parse_gue(const __u8 *gue, const void *end, struct tunnel *tunnel)
{
	tunnel->encapsulation = ENCAPSULATION_GUE;
	if ((const void *)(gue + GUE_HEADER_BYTES) > end)
		return drop(COUNT_TRUNCATED);
	if (gue[0] >> 6 == 1)
		return parse_headerless(gue, tunnel, COUNT_MALFORMED_GUE);
	/* A control message is for nobody here; what has a flag may be encrypted, or a part of a packet. */
	if (gue[0] >> 6 || gue[0] & GUE_CONTROL || gue[2] || gue[3])
		return drop(COUNT_MALFORMED_GUE);
	tunnel->protocol = gue[1];
	tunnel->inner += GUE_HEADER_BYTES + (gue[0] & GUE_HLEN) * 4;
	if (tunnel->protocol != IPPROTO_IPIP && tunnel->protocol != IPPROTO_IPV6)
		return drop(COUNT_MALFORMED_GUE);
	return FOUND;
}

static __always_inline int parse_fou(const __u8 *first, const void *end, struct tunnel *tunnel)
{
	tunnel->encapsulation = ENCAPSULATION_FOU;
	if ((const void *)(first + 1) > end)
		return drop(COUNT_TRUNCATED);
	return parse_headerless(first, tunnel, COUNT_MALFORMED_FOU);
}

static __always_inline int parse_udp(void *start, void *end, struct tunnel *tunnel)
{
	struct udphdr *udp = start + tunnel->inner;

	if ((void *)(udp + 1) > end)
		return XDP_PASS; /* whose it is can't be told */
	tunnel->inner += sizeof(*udp);
	if (is_enabled(ENCAPSULATION_GUE) && udp->dest == settings.gue_port)
		return parse_gue((void *)(udp + 1), end, tunnel);
	if (is_enabled(ENCAPSULATION_FOU) && udp->dest == settings.fou_port)
		return parse_fou((void *)(udp + 1), end, tunnel);
	if (is_enabled(ENCAPSULATION_SECOND_CHANCE) && udp->dest == settings.second_chance_port)
		return parse_hop_list(start, (void *)(udp + 1), end, tunnel);
	return XDP_PASS;
}
