/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The checksum of an IPv4 header: RFC 791 section 3.1, summed 32 bits at a time (RFC 1071 section 2). */
#pragma once
#include <linux/ip.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#define IPV4_WORDS 5
#define IPV4_OPTION_WORDS_MAX 10

/* `ip` points to a whole header without options; those are looked for up to `end`. */
static __always_inline int is_ipv4_checksum_right(const struct iphdr *ip, const void *end)
{
	const __u32 *word = (const void *)ip;
	__u64 sum = 0;
	__u32 i;

#pragma unroll
	for (i = 0; i < IPV4_WORDS; i++)
		sum += word[i];
	for (i = IPV4_WORDS; i < IPV4_WORDS + IPV4_OPTION_WORDS_MAX && i < ip->ihl; i++) {
		if ((const void *)(word + i + 1) > end)
			return 0;
		sum += word[i];
	}
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}
