/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is fixed when the program is loaded. The verifier sees these as constants and removes what they rule out.
 * The only object in .rodata: user space writes it by offset (src/xdp/layout.ts).
 */
#pragma once
#include <linux/types.h>

struct settings {
	__u32 cpus;           /* possible CPUs; stride of the per-CPU arrays */
	__u32 directory_mask; /* buckets of one directory - 1 */
	__u32 nexthop_cache;  /* 0: ask the FIB for each packet (what the benchmark compares with) */
};

const volatile struct settings settings = { .cpus = 1, .directory_mask = 0, .nexthop_cache = 1 };
