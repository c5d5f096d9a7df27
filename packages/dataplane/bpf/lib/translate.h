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
#include "ethernet.h"
#include "parse.h"
#include "tables.h"

static __always_inline int translate_addresses(void *l3, void *end, const struct packet *packet,
					       const struct translation *record)
{
	if (packet->family == 4) {
		struct iphdr *ip = l3;

		if ((void *)(ip + 1) > end)
			return 0;
		ip->saddr = record->source.word[0];
		ip->daddr = record->destination.word[0];
		ip->check = updated_checksum(ip->check, record->address_change);
	} else {
		struct ipv6hdr *ip = l3;

		if ((void *)(ip + 1) > end)
			return 0;
		__builtin_memcpy(&ip->saddr, &record->source, 16);
		__builtin_memcpy(&ip->daddr, &record->destination, 16);
	}
	return 1;
}

/* A later fragment has no transport header; its first one's checksum covers it. */
static __always_inline int translate(struct xdp_md *ctx, const struct packet *packet, const struct translation *record)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	void *transport = start + (packet->l4 & OFFSET_MASK);
	__u64 change = record->address_change;

	trace_ends(TRACE_TRANSLATION, record);
	if (!translate_addresses(start + (packet->l3 & OFFSET_MASK), end, packet, record))
		return drop(DROP_NO_HEADROOM);
	if (packet->kind != KIND_FLOW)
		return WRITTEN;
	if (packet->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = transport;

		if ((void *)(tcp + 1) > end)
			return drop(DROP_TRUNCATED_TRANSPORT);
		change16(&tcp->source, record->source_port, &change);
		change16(&tcp->dest, record->destination_port, &change);
		tcp->check = updated_checksum(tcp->check, change);
	} else if (packet->protocol == IPPROTO_UDP) {
		struct udphdr *udp = transport;

		if ((void *)(udp + 1) > end)
			return drop(DROP_TRUNCATED_TRANSPORT);
		change16(&udp->source, record->source_port, &change);
		change16(&udp->dest, record->destination_port, &change);
		udp->check = updated_udp_checksum(udp->check, change);
	}
	/* SCTP: its CRC covers no addresses, and its ports stay (src/xdp/wanted-service.ts). */
	return WRITTEN;
}
