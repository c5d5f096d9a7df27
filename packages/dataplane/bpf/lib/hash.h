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

/* Multiply-shift in place of a modulo (D. Lemire, "Fast random integer generation in an interval", 2019, section 3). */
static __always_inline __u32 row_of(__u32 hash, __u32 rows)
{
	return (__u64)hash * rows >> 32;
}
