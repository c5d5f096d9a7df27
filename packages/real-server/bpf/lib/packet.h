/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading a frame by offset, and addresses of either family in one form. */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* Not inlined, and not static: the verifier looks at it once, whoever calls. */
#define SEPARATE __attribute__((noinline))

#define READ_OFFSET_MAX 2047

/* Network order; IPv4 as ::ffff:a.b.c.d. */
struct address {
	__be32 word[4];
};

static __always_inline struct address mapped(__be32 ipv4)
{
	return (struct address){ .word = { 0, 0, bpf_htonl(0xffff), ipv4 } };
}

static __always_inline int is_same(const struct address *one, const struct address *other)
{
	return one->word[0] == other->word[0] && one->word[1] == other->word[1] && one->word[2] == other->word[2] &&
	       one->word[3] == other->word[3];
}

/* `bytes` is constant. Returns 0, or -1 where the frame is too short. */
static __always_inline int copy(struct xdp_md *ctx, __u32 at, void *to, const __u32 bytes)
{
	const void *end = (const void *)(long)ctx->data_end;
	const void *from = (const void *)(long)ctx->data;

	if (at > READ_OFFSET_MAX)
		return -1;
	from += at;
	/* One register: the verifier does not know that two sums of the same are one, and the compiler makes two. */
	asm volatile("" : "+r"(from));
	if (from + bytes > end)
		return -1;
	__builtin_memcpy(to, from, bytes);
	return 0;
}
