/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* nat and fullnat: addresses, ports and their checksums rewritten in place. */
#pragma once
#include <linux/bpf.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include "checksum.h"
#include "count.h"
#include "ends.h"
#include "ethernet.h"
#include "parse.h"
#include "tables.h"

static __always_inline int translate_addresses(void *l3, void *end, const struct packet *packet, const struct ends *ends,
					       __u64 *change)
{
	if (packet->family == 4) {
		struct iphdr *ip = l3;

		if ((void *)(ip + 1) > end)
			return 0;
		change32(&ip->saddr, ends->source.word[0], change);
		change32(&ip->daddr, ends->destination.word[0], change);
		ip->check = updated_checksum(ip->check, *change);
	} else {
		struct ipv6hdr *ip = l3;
		__u32 *source = (__u32 *)&ip->saddr, *destination = (__u32 *)&ip->daddr;

		if ((void *)(ip + 1) > end)
			return 0;
		for (int i = 0; i < 4; i++) {
			change32(source + i, ends->source.word[i], change);
			change32(destination + i, ends->destination.word[i], change);
		}
	}
	return 1;
}

/* A later fragment has no transport header; its first one's checksum covers it. */
static __always_inline int translate(struct xdp_md *ctx, const struct packet *packet, const struct ends *ends)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	void *transport = start + (packet->l4 & OFFSET_MASK);
	__u64 change = 0;

	trace_ends(TRACE_TRANSLATION, ends);
	if (!translate_addresses(start + (packet->l3 & OFFSET_MASK), end, packet, ends, &change))
		return drop(DROP_NO_HEADROOM);
	if (packet->kind != KIND_FLOW)
		return WRITTEN;
	if (packet->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = transport;

		if ((void *)(tcp + 1) > end)
			return drop(DROP_TRUNCATED_TRANSPORT);
		change16(&tcp->source, ends->source_port, &change);
		change16(&tcp->dest, ends->destination_port, &change);
		tcp->check = updated_checksum(tcp->check, change);
	} else if (packet->protocol == IPPROTO_UDP) {
		struct udphdr *udp = transport;

		if ((void *)(udp + 1) > end)
			return drop(DROP_TRUNCATED_TRANSPORT);
		change16(&udp->source, ends->source_port, &change);
		change16(&udp->dest, ends->destination_port, &change);
		udp->check = updated_udp_checksum(udp->check, change);
	}
	/* SCTP: its CRC covers no addresses, and its ports stay (src/xdp/wanted-service.ts). */
	return WRITTEN;
}
