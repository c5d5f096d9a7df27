/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The client's address for a server behind fullnat: TCP option 254 as Alibaba's toa module and DPVS read it; length 8:
 * port, IPv4 address; length 20: port, IPv6 address. It stands right after the fixed header.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "checksum.h"
#include "tcp_options.h"
#include "parse.h"

#define TOA_KIND 254
#define TOA_IPV4_BYTES 8
#define TOA_IPV6_BYTES 20
/* Ethernet, two tags, IPv6, TCP: in steps of two bytes. */
#define FRONT_WORDS_MAX ((ETH_HLEN + VLAN_TAGS_MAX * VLAN_TAG_BYTES + sizeof(struct ipv6hdr) + sizeof(struct tcphdr)) / 2)

static __always_inline __u32 toa_bytes(const struct packet *packet)
{
	return packet->family == 4 ? TOA_IPV4_BYTES : TOA_IPV6_BYTES;
}

/* Is there room in the data offset, and nothing in the way? */
static __always_inline int toa_fits(struct xdp_md *ctx, const struct packet *packet, __u32 mtu)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct tcphdr *tcp = start + (packet->l4 & OFFSET_MASK);

	if (!packet->plain || packet->begins_fragments || (void *)(tcp + 1) > end)
		return 0;
	return tcp->doff * 4 + toa_bytes(packet) <= TCP_HEADER_BYTES_MAX && packet->bytes + toa_bytes(packet) <= mtu;
}

/* A byte of an option becomes padding. */
static __always_inline void erase_byte(struct tcphdr *tcp, __u8 *byte, __u32 offset)
{
	__u64 change = offset & 1 ? (__u64)(TCP_OPTION_NOP << 8) + (__u16)~(*byte << 8) :
				    (__u64)TCP_OPTION_NOP + (__u16)~*byte;

	*byte = TCP_OPTION_NOP;
	tcp->check = updated_checksum(tcp->check, change);
}

/*
 * The client's own option 254, if it sends one, would be believed: it becomes padding (NOP), a byte a turn; `found` counts
 * those that are left. Returns 1 to end the search.
 */
static long erase_toa(__u32 index __attribute__((unused)), struct option_search *search)
{
	void *start = (void *)(long)search->ctx->data;
	void *end = (void *)(long)search->ctx->data_end;
	struct tcphdr *tcp = start + (search->l4 & OFFSET_MASK);
	__u32 offset = search->offset & 0x3f;
	__u8 *option = (void *)tcp + offset;

	if (offset >= search->header_bytes || (void *)(option + 1) > end || (void *)(tcp + 1) > end)
		return 1;
	if (!search->found) {
		if (option[0] == TCP_OPTION_END)
			return 1;
		if (option[0] == TCP_OPTION_NOP) {
			search->offset++;
			return 0;
		}
		if ((void *)(option + 2) > end || option[1] < 2 || offset + option[1] > search->header_bytes)
			return 1;
		if (option[0] != TOA_KIND) {
			search->offset += option[1];
			return 0;
		}
		search->found = option[1];
	}
	erase_byte(tcp, option, offset);
	search->found--;
	search->offset++;
	return 0;
}

SEPARATE int erase_clients_toa(struct xdp_md *ctx, const struct packet *packet)
{
	struct option_search search;

	if (packet && begin_option_search(ctx, packet, &search))
		bpf_loop(TCP_OPTIONS_BYTES_MAX, erase_toa, &search, 0);
	return 0;
}

/* The headers in front move, the option takes their place. Returns 0 when it could not be done. */
SEPARATE int insert_toa(struct xdp_md *ctx, struct packet *packet)
{
	__u64 change = 0, ip_change = 0;
	__u32 bytes, front;
	void *start, *end;
	struct tcphdr *tcp;
	__be16 *option;

	if (!packet)
		return 0;
	bytes = toa_bytes(packet);
	front = packet->l4 + sizeof(struct tcphdr);
	if (bpf_xdp_adjust_head(ctx, -(int)bytes))
		return 0;
	start = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	for (__u32 i = 0; i < FRONT_WORDS_MAX; i++) {
		__u16 *to = start + i * 2;
		__u16 *from = (void *)to + bytes;

		if (i * 2 >= front)
			break;
		if ((void *)(from + 1) > end || (void *)(to + 1) > end)
			return 0;
		*to = *from;
	}

	option = start + (front & OFFSET_MASK);
	if ((void *)option + TOA_IPV6_BYTES > end && (void *)option + TOA_IPV4_BYTES > end)
		return 0;
	if (packet->family == 4) {
		__be32 client = packet->source[0];

		if ((void *)option + TOA_IPV4_BYTES > end)
			return 0;
		option[0] = bpf_htons(TOA_KIND << 8 | TOA_IPV4_BYTES);
		option[1] = bpf_htons(packet->ports & 0xffff);
		__builtin_memcpy(option + 2, &client, 4);
		for (int i = 0; i < TOA_IPV4_BYTES / 2; i++)
			change += option[i];
	} else {
		if ((void *)option + TOA_IPV6_BYTES > end)
			return 0;
		option[0] = bpf_htons(TOA_KIND << 8 | TOA_IPV6_BYTES);
		option[1] = bpf_htons(packet->ports & 0xffff);
		__builtin_memcpy(option + 2, packet->source, 16);
		for (int i = 0; i < TOA_IPV6_BYTES / 2; i++)
			change += option[i];
	}

	tcp = start + (packet->l4 & OFFSET_MASK);
	if ((void *)(tcp + 1) > end)
		return 0;
	/* The data offset is the upper half of the byte before the flags; the pseudo header holds TCP's length. */
	change16((__be16 *)tcp + 6, ((__be16 *)tcp)[6] + bpf_htons(bytes / 4 << 12), &change);
	change += bpf_htons(bytes);
	tcp->check = updated_checksum(tcp->check, change);
	if (packet->family == 4) {
		struct iphdr *ip = start + (packet->l3 & OFFSET_MASK);

		if ((void *)(ip + 1) > end)
			return 0;
		change16(&ip->tot_len, bpf_htons(packet->bytes + bytes), &ip_change);
		ip->check = updated_checksum(ip->check, ip_change);
	} else {
		struct ipv6hdr *ip = start + (packet->l3 & OFFSET_MASK);

		if ((void *)(ip + 1) > end)
			return 0;
		ip->payload_len = bpf_htons(packet->bytes + bytes - sizeof(*ip));
	}
	packet->bytes += bytes;
	return 1;
}
