/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * GRE: RFC 2784, with the key and the sequence number of RFC 2890.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * |C| |K|S|      Reserved0  | Ver |         Protocol Type         |
 * |      Checksum, if C           |       Reserved1, if C         |
 * |                           Key, if K                           |
 * |                     Sequence Number, if S                     |
 */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include "count.h"
#include "settings.h"
#include "tunnel.h"

#define GRE_CHECKSUM 0x8000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
/* Bits 1, 4 and 5 (RFC 1701's routing) and the version have to be 0; bits 6 to 12 are ignored: RFC 2784, section 2.3. */
#define GRE_REFUSED 0x4c07

/*
 * The checksum is not summed up: it would be read over the whole packet, which IP, TCP and UDP have sums of their own
 * for. A key tells tunnels apart that end here alike, and datagrams may come in any order.
 */
static __always_inline int parse_gre(void *start, void *end, struct tunnel *tunnel)
{
	__be16 *header = start + tunnel->inner;
	__u16 flags;

	if ((void *)(header + 2) > end)
		return drop(COUNT_TRUNCATED);
	flags = bpf_ntohs(header[0]);
	if (flags & GRE_REFUSED)
		return drop(COUNT_MALFORMED_GRE);
	if (header[1] == bpf_htons(ETH_P_IP))
		tunnel->protocol = IPPROTO_IPIP;
	else if (header[1] == bpf_htons(ETH_P_IPV6))
		tunnel->protocol = IPPROTO_IPV6;
	else
		return XDP_PASS; /* somebody else's tunnel: of Ethernet frames, say */
	tunnel->inner += 4;
	if (flags & GRE_CHECKSUM)
		tunnel->inner += 4;
	if (flags & GRE_KEY)
		tunnel->inner += 4;
	if (flags & GRE_SEQUENCE)
		tunnel->inner += 4;
	tunnel->encapsulation = ENCAPSULATION_GRE;
	return FOUND;
}
