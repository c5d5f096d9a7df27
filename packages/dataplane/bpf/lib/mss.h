/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The largest segment that a SYN asks for (RFC 9293, section 3.7.1), made smaller where the way on has less room. */
#pragma once
#include <linux/bpf.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include "checksum.h"
#include "parse.h"
#include "tcp_options.h"

#define TCP_OPTION_MSS 2
#define TCP_OPTION_MSS_BYTES 4

/* Looks at one option; 1 ends the search. */
static long look_at_option(__u32 index __attribute__((unused)), struct option_search *search)
{
	void *start = (void *)(long)search->ctx->data;
	void *end = (void *)(long)search->ctx->data_end;
	__u32 offset = search->offset & 0x3f;
	__u8 *option = start + (search->l4 & OFFSET_MASK) + offset;

	if (offset + TCP_OPTION_MSS_BYTES > search->header_bytes || (void *)option + TCP_OPTION_MSS_BYTES > end ||
	    option[0] == TCP_OPTION_END)
		return 1;
	if (option[0] == TCP_OPTION_NOP) {
		search->offset++;
		return 0;
	}
	if (option[0] == TCP_OPTION_MSS && option[1] == TCP_OPTION_MSS_BYTES) {
		search->found = 1;
		return 1;
	}
	if (option[1] < 2 || offset + option[1] > TCP_HEADER_BYTES_MAX)
		return 1;
	search->offset += option[1];
	return 0;
}

SEPARATE int clamp_mss(struct xdp_md *ctx, const struct packet *packet, __u32 clamp)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct option_search search;
	struct tcphdr *tcp;
	__u64 change = 0;
	__be16 *mss;

	if (!packet || !begin_option_search(ctx, packet, &search))
		return 0;
	tcp = start + (packet->l4 & OFFSET_MASK);
	if ((void *)(tcp + 1) > end)
		return 0;
	bpf_loop(TCP_OPTIONS_BYTES_MAX, look_at_option, &search, 0);
	mss = (void *)tcp + (search.offset & 0x3f) + 2;
	if (!search.found || (void *)(mss + 1) > end || bpf_ntohs(*mss) <= clamp)
		return 0;
	change16(mss, bpf_htons(clamp), &change);
	change = folded(change);
	/* At an odd offset its bytes count in the other halves of two words. */
	if (search.offset & 1)
		change = (change & 0xff) << 8 | change >> 8;
	tcp->check = updated_checksum(tcp->check, change);
	return 0;
}
