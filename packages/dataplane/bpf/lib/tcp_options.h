/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A walk along the options of a TCP header (RFC 9293, section 3.1): bpf_loop() with what it has come to. */
#pragma once
#include <linux/bpf.h>
#include <linux/tcp.h>
#include "parse.h"

#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTIONS_BYTES_MAX 40
#define TCP_HEADER_BYTES_MAX 60

struct option_search {
	struct xdp_md *ctx;
	__u32 l4;
	__u32 offset; /* from l4 */
	__u32 header_bytes;
	__u32 found;
};

/* Before the first option. False: there is no TCP header. */
static __always_inline int begin_option_search(struct xdp_md *ctx, const struct packet *packet,
					       struct option_search *search)
{
	void *end = (void *)(long)ctx->data_end;
	struct tcphdr *tcp = (void *)(long)ctx->data + (packet->l4 & OFFSET_MASK);

	if ((void *)(tcp + 1) > end)
		return 0;
	*search = (struct option_search){
		.ctx = ctx, .l4 = packet->l4, .offset = sizeof(*tcp), .header_bytes = tcp->doff * 4
	};
	return 1;
}
