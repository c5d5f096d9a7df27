/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A keyed mix of 64-bit words by three multiplications. The same function in TypeScript is
 * packages/packet/src/flow-hash.ts; a differential test holds them together.
 */
#pragma once
#include <linux/types.h>

#define MIX_1 0x9E3779B97F4A7C15ULL
#define MIX_2 0xD6E8FEB86659FD93ULL

/* A multiplication carries upwards only: before each, the upper half is folded into the lower. */
static __always_inline __u64 fold(__u64 word)
{
	return word ^ word >> 32;
}

static __always_inline __u64 mix(__u64 seed, __u64 first, __u64 second)
{
	__u64 hash = fold(seed ^ first) * MIX_1;

	hash = fold(fold(hash) ^ second) * MIX_2;
	return fold(fold(hash) * MIX_2);
}

static __always_inline __u32 flow_hash(__u64 seed, const __u64 source[2], __u32 ports)
{
	return (__u32)mix(seed ^ ports, source[0], source[1]);
}

/*
 * What the flow table tells flows apart by: 64 bits, and where to look. NH (UMAC, RFC 4418, section 5.2) under keys that
 * nobody outside knows: whoever picks tuples can't make two meet but by chance, 2^-32 for a given pair. The products do
 * not wait for each other. The second word takes the keys two places further (Toeplitz, ibid.).
 */
struct flow_key {
	__u64 tag;
	__u32 set; /* follows from the tag; to be masked */
};

static __always_inline struct flow_key key_of_tag(__u64 tag)
{
	/* 0 and 1 mean something else. */
	tag = tag > 1 ? tag : tag + 2;
	return (struct flow_key){ .tag = tag, .set = fold(fold(tag) * MIX_2) };
}

static __always_inline __u64 nh_step(const __u32 *keys, __u64 word)
{
	return (__u64)((__u32)word + keys[0]) * (__u32)((__u32)(word >> 32) + keys[1]);
}

static __always_inline __u64 nh(const __u32 *keys, const __u64 source[2], const __u64 destination[2], __u64 rest)
{
	return nh_step(keys, source[0]) + nh_step(keys + 2, source[1]) + nh_step(keys + 4, destination[0]) +
	       nh_step(keys + 6, destination[1]) + nh_step(keys + 8, rest);
}

/* `kind`: the protocol of a connection; above 255 what else the table keeps (flow_value.h). */
static __always_inline struct flow_key flow_key(const __u32 *keys, const __u64 source[2], const __u64 destination[2],
						__u32 ports, __u32 kind)
{
	__u64 rest = (__u64)kind << 32 | ports;
	__u64 first = nh(keys, source, destination, rest);
	__u64 second = nh(keys + 2, source, destination, rest);

	return key_of_tag(first + second * MIX_1);
}

/* Multiply-shift in place of a modulo (D. Lemire, "Fast random integer generation in an interval", 2019, section 3). */
static __always_inline __u32 row_of(__u32 hash, __u32 rows)
{
	return (__u64)hash * rows >> 32;
}
