/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which encapsulations are taken off, and at which ports. */
#pragma once
#include <linux/types.h>

/* The order of `encapsulations` in src/advertised-mss.ts. */
enum encapsulation {
	ENCAPSULATION_IPIP,
	ENCAPSULATION_GRE,
	ENCAPSULATION_GUE,
	ENCAPSULATION_FOU,
	ENCAPSULATION_SECOND_CHANCE,
};

/* Set before load; the only object in .rodata. */
struct settings {
	__u32 enabled; /* bit by enum encapsulation */
	__be16 gue_port;
	__be16 fou_port;
	__be16 second_chance_port;
};
const volatile struct settings settings = {};

static __always_inline int is_enabled(enum encapsulation encapsulation)
{
	return settings.enabled & 1 << encapsulation;
}
