/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the node itself tells a sender: echo replies for VIPs, and errors about packets that can't go on. */
#pragma once
#include <linux/bpf.h>
#include "icmp.h"
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "checksum.h"
#include "count.h"
#include "parse.h"
#include "tables.h"
#include "translation.h"

#define OWN_TTL 64
/* A second and CPU; the kernel's default for a host is 1,000 (net.ipv4.icmp_msgs_per_sec). */
#define ICMP_ERRORS_MAX 1000
/* RFC 1812, section 4.3.2.3: an error is at most 576 bytes. RFC 4443, section 2.4 (c): at most 1,280. */
#define ICMP_ERROR_BYTES_MAX 576
#define ICMPV6_ERROR_BYTES_MAX 1280
#define IPV6_MTU_MIN 1280

enum icmp_error {
	ICMP_ERROR_TOO_BIG,        /* for the client, from the VIP */
	ICMP_ERROR_ANSWER_TOO_BIG, /* for the backend, from the node */
	ICMP_ERROR_TIME_EXCEEDED,  /* from the node */
};

static __always_inline void swap_macs(void *start)
{
	__u8 mac[6];

	__builtin_memcpy(mac, start, 6);
	__builtin_memcpy(start, start + 6, 6);
	__builtin_memcpy(start + 6, mac, 6);
}

/* RFC 792, RFC 4443 section 4.2. The answer is the request with a few words changed. */
SEPARATE int answer_echo(struct xdp_md *ctx, const struct packet *packet)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u64 change = 0;
	__be16 *icmp;
	void *l3;

	if (!packet)
		return XDP_PASS;
	l3 = start + (packet->l3 & OFFSET_MASK);
	icmp = start + (packet->l4 & OFFSET_MASK);
	if (start + ETH_HLEN > end || (void *)(icmp + 4) > end)
		return XDP_PASS;
	if (packet->family == 4) {
		struct iphdr *ip = l3;
		__be32 client;
		__u64 ip_change = 0;

		if ((void *)(ip + 1) > end)
			return XDP_PASS;
		client = ip->saddr;
		ip->saddr = ip->daddr;
		ip->daddr = client;
		change16((__be16 *)&ip->ttl, bpf_htons(OWN_TTL << 8 | IPPROTO_ICMP), &ip_change);
		ip->check = updated_checksum(ip->check, ip_change);
		change16(icmp, icmp[0] & bpf_htons(0x00ff), &change);
	} else {
		struct ipv6hdr *ip = l3;
		struct in6_addr client;

		if ((void *)(ip + 1) > end)
			return XDP_PASS;
		client = ip->saddr;
		ip->saddr = ip->daddr;
		ip->daddr = client;
		ip->hop_limit = OWN_TTL;
		change16(icmp, (icmp[0] & bpf_htons(0x00ff)) | bpf_htons(ICMPV6_ECHO_REPLY << 8), &change);
	}
	icmp[1] = updated_checksum(icmp[1], change);
	swap_macs(start);
	return XDP_TX;
}

static __always_inline int may_send_error(const struct state *current)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct drops *mine = bpf_map_lookup_elem(&drops, &cpu);

	if (!mine)
		return 0;
	if (mine->icmp_second != current->now) {
		mine->icmp_second = current->now;
		mine->icmp_count = 0;
	}
	return mine->icmp_count++ < ICMP_ERRORS_MAX;
}

struct summed {
	struct xdp_md *ctx;
	__u32 offset;
	__u32 bytes;
	__u64 sum;
};

static long add_word(__u32 index, struct summed *summed)
{
	void *start = (void *)(long)summed->ctx->data;
	void *end = (void *)(long)summed->ctx->data_end;
	__u8 *word = start + ((summed->offset + index * 2) & OFFSET_MASK);

	if (index * 2 + 1 < summed->bytes && (void *)(word + 2) <= end)
		summed->sum += *(__u16 *)word;
	else if (index * 2 < summed->bytes && (void *)(word + 1) <= end)
		summed->sum += word[0]; /* RFC 1071: as if a zero followed */
	return 0;
}

/* Sum of the packet from `offset` on, in words of 16 bits; `bytes` need not be even. */
static __always_inline __u64 sum_of_packet(struct xdp_md *ctx, __u32 offset, __u32 bytes)
{
	struct summed summed = { .ctx = ctx, .offset = offset, .bytes = bytes };

	bpf_loop((bytes + 1) / 2, add_word, &summed, 0);
	return summed.sum;
}

/* The link layer of the frame that arrived, moved to the front and turned round. */
static __always_inline int turn_round(struct xdp_md *ctx, __u32 l2_bytes, __u32 moved)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	for (__u32 i = 0; i < (ETH_HLEN + VLAN_TAGS_MAX * VLAN_TAG_BYTES) / 2; i++) {
		__u16 *to = start + i * 2;
		__u16 *from = (void *)to + moved;

		if (i * 2 >= l2_bytes)
			break;
		if ((void *)(from + 1) > end)
			return 0;
		*to = *from;
	}
	if (start + ETH_HLEN > end)
		return 0;
	swap_macs(start);
	return 1;
}

static __always_inline int write_icmpv4(struct xdp_md *ctx, const struct packet *packet, const struct address *source,
					enum icmp_error error, __u32 mtu, __u32 quoted)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = start + (packet->l3 & OFFSET_MASK);
	struct icmp_header *icmp = (void *)(ip + 1);
	__u64 sum = 0;

	if ((void *)(icmp + 1) > end)
		return 0;
	*(__be16 *)ip = bpf_htons(0x4500);
	ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(*icmp) + quoted);
	ip->id = 0;
	ip->frag_off = bpf_htons(0x4000);
	ip->ttl = OWN_TTL;
	ip->protocol = IPPROTO_ICMP;
	ip->check = 0;
	ip->saddr = source->word[0];
	ip->daddr = packet->source[0];
	for (int i = 0; i < 10; i++)
		sum += ((__u16 *)ip)[i];
	ip->check = ~folded(sum);
	icmp->type = error != ICMP_ERROR_TIME_EXCEEDED ? ICMP_DEST_UNREACH : ICMP_TIME_EXCEEDED;
	icmp->code = error != ICMP_ERROR_TIME_EXCEEDED ? ICMP_FRAG_NEEDED : ICMP_EXC_TTL;
	icmp->checksum = 0;
	icmp->unused = 0;
	icmp->mtu = error != ICMP_ERROR_TIME_EXCEEDED ? bpf_htons(mtu) : 0;
	sum = sum_of_packet(ctx, packet->l3 + sizeof(*ip), sizeof(*icmp) + quoted);
	start = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	icmp = start + (packet->l3 & OFFSET_MASK) + sizeof(*ip);
	if ((void *)(icmp + 1) > end)
		return 0;
	icmp->checksum = ~folded(sum);
	return 1;
}

static __always_inline int write_icmpv6(struct xdp_md *ctx, const struct packet *packet, const struct address *source,
					enum icmp_error error, __u32 mtu, __u32 quoted)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ipv6hdr *ip = start + (packet->l3 & OFFSET_MASK);
	struct icmp6hdr *icmp = (void *)(ip + 1);
	__u64 sum;

	if ((void *)(icmp + 1) > end)
		return 0;
	*(__be32 *)ip = bpf_htonl(0x60000000);
	ip->payload_len = bpf_htons(sizeof(*icmp) + quoted);
	ip->nexthdr = IPPROTO_ICMPV6;
	ip->hop_limit = OWN_TTL;
	__builtin_memcpy(&ip->saddr, source, 16);
	__builtin_memcpy(&ip->daddr, packet->source, 16);
	icmp->icmp6_type = error != ICMP_ERROR_TIME_EXCEEDED ? ICMPV6_PKT_TOOBIG : ICMPV6_TIME_EXCEED;
	icmp->icmp6_code = 0;
	icmp->icmp6_cksum = 0;
	icmp->icmp6_mtu = error != ICMP_ERROR_TIME_EXCEEDED ? bpf_htonl(mtu) : 0;
	/* With the addresses of the pseudo header, which stand right before (RFC 8200, section 8.1). */
	sum = sum_of_packet(ctx, packet->l3 + 8, 32 + sizeof(*icmp) + quoted) + bpf_htons(sizeof(*icmp) + quoted) +
	      bpf_htons(IPPROTO_ICMPV6);
	start = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	icmp = start + (packet->l3 & OFFSET_MASK) + sizeof(*ip);
	if ((void *)(icmp + 1) > end)
		return 0;
	icmp->icmp6_cksum = ~folded(sum);
	return 1;
}

static __always_inline int frame_bytes(struct xdp_md *ctx)
{
	long bytes = (long)ctx->data_end - (long)ctx->data;

	/* Now: the verifier lets no half of a packet's pointer be put aside. */
	asm volatile("" : "+r"(bytes));
	return bytes;
}

static __always_inline void source_of_error(const struct state *current, const struct packet *packet,
					    enum icmp_error error, struct address *source)
{
	if (error == ICMP_ERROR_TOO_BIG)
		address_from_destination(source, packet);
	else
		*source = current->own_address[packet->family == 4 ? 0 : 1];
}

/*
 * A packet that can't go on is counted as dropped, becomes an error about itself and goes back where it came from.
 * Returns XDP_TX; XDP_DROP where that is not possible, or would be too often. `mtu`: what would fit.
 */
SEPARATE int send_error(struct xdp_md *ctx, const struct packet *packet, __u32 error, __u32 mtu)
{
	const struct state *current = current_state();
	struct address source = {};
	__u32 headers, room, quoted;
	int excess;

	if (!packet || !current)
		return XDP_DROP;
	headers = packet->family == 4 ? sizeof(struct iphdr) + sizeof(struct icmp_header) :
					sizeof(struct ipv6hdr) + sizeof(struct icmp6hdr);
	room = (packet->family == 4 ? ICMP_ERROR_BYTES_MAX : ICMPV6_ERROR_BYTES_MAX) - headers;
	quoted = packet->bytes < room ? packet->bytes : room;
	excess = frame_bytes(ctx) - (packet->l3 + quoted);
	drop(error == ICMP_ERROR_TIME_EXCEEDED ? DROP_TTL_EXPIRED : DROP_TOO_BIG);
	source_of_error(current, packet, error, &source);
	/* RFC 1122, section 3.2.2: no error about an error, or about a fragment other than the first. */
	if (packet->kind != KIND_FLOW || !(source.word[0] | source.word[1] | source.word[2] | source.word[3]))
		return XDP_DROP;
	if (packet->family == 6 && mtu < IPV6_MTU_MIN)
		mtu = IPV6_MTU_MIN;
	if (!may_send_error(current) || (excess > 0 && bpf_xdp_adjust_tail(ctx, -excess)) ||
	    bpf_xdp_adjust_head(ctx, -(int)headers) || !turn_round(ctx, packet->l3, headers))
		return XDP_DROP;
	if (packet->family == 4)
		return write_icmpv4(ctx, packet, &source, error, mtu, quoted) ? XDP_TX : XDP_DROP;
	return write_icmpv6(ctx, packet, &source, error, mtu, quoted) ? XDP_TX : XDP_DROP;
}
