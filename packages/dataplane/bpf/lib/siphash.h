/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SipHash-2-4 (J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", 2012, section 2), a block at a time.
 */
#pragma once
#include <linux/types.h>

struct sip {
	__u64 v0, v1, v2, v3;
};

static __always_inline __u64 rotated(__u64 word, const __u32 bits)
{
	return word << bits | word >> (64 - bits);
}

static __always_inline void sip_round(struct sip *sip)
{
	sip->v0 += sip->v1;
	sip->v2 += sip->v3;
	sip->v1 = rotated(sip->v1, 13) ^ sip->v0;
	sip->v3 = rotated(sip->v3, 16) ^ sip->v2;
	sip->v0 = rotated(sip->v0, 32);
	sip->v2 += sip->v1;
	sip->v0 += sip->v3;
	sip->v1 = rotated(sip->v1, 17) ^ sip->v2;
	sip->v3 = rotated(sip->v3, 21) ^ sip->v0;
	sip->v2 = rotated(sip->v2, 32);
}

static __always_inline struct sip begin_sip(const __u64 key[2])
{
	return (struct sip){
		.v0 = key[0] ^ 0x736f6d6570736575ULL,
		.v1 = key[1] ^ 0x646f72616e646f6dULL,
		.v2 = key[0] ^ 0x6c7967656e657261ULL,
		.v3 = key[1] ^ 0x7465646279746573ULL,
	};
}

/* Eight bytes of the message, as they stand in memory; the last block has the message's length in its last byte. */
static __always_inline void add_block(struct sip *sip, __u64 block)
{
	sip->v3 ^= block;
	sip_round(sip);
	sip_round(sip);
	sip->v0 ^= block;
}

static __always_inline __u64 end_sip(struct sip *sip)
{
	sip->v2 ^= 0xff;
	sip_round(sip);
	sip_round(sip);
	sip_round(sip);
	sip_round(sip);
	return sip->v0 ^ sip->v1 ^ sip->v2 ^ sip->v3;
}
