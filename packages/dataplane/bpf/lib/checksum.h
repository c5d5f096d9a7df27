/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Incremental update of internet checksums: RFC 1624. Sums are of words as they stand in memory: RFC 1071, section 2 (B). */
#pragma once
#include <linux/types.h>

static __always_inline __u16 folded(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* `change`: words that came in, plus complements of those that went (equation 3). */
static __always_inline __u16 updated_checksum(__u16 checksum, __u64 change)
{
	return ~folded((__u16)~checksum + change);
}

static __always_inline void change16(__u16 *field, __u16 value, __u64 *change)
{
	*change += value + (__u16)~*field;
	*field = value;
}

static __always_inline void change32(__u32 *field, __u32 value, __u64 *change)
{
	*change += (__u64)value + (__u32)~*field;
	*field = value;
}

/* RFC 768: no checksum is sent as 0, a checksum that is 0 as all ones. */
static __always_inline __u16 updated_udp_checksum(__u16 checksum, __u64 change)
{
	__u16 updated;

	if (!checksum)
		return 0;
	updated = updated_checksum(checksum, change);
	return updated ? updated : 0xffff;
}
