/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is fixed when the program is loaded. The verifier sees these as constants and removes what they rule out.
 * The only object in .rodata: user space writes it by offset (src/xdp/layout.ts).
 */
#pragma once
#include <linux/types.h>

struct settings {
	__u32 cpus;             /* possible CPUs; stride of the per-CPU arrays */
	__u32 directory_mask;   /* buckets of one directory - 1 */
	__u32 nexthop_cache;    /* 0: ask the FIB for each packet (what the benchmark compares with) */
	__u32 flow_mask;        /* far sets of the flow table - 1 */
	__u32 translation_mask; /* far sets whose flows have room for a translation - 1; the first ones */
	__u32 source_mask;      /* sets of the table of sources - 1 */
	__u32 sweep_sets;       /* sets of the flow table that one tick looks through */
	__u32 near_sets;        /* before the far ones; 0: none, or a power of two up to that of the far ones */
};

const volatile struct settings settings = { .cpus = 1, .nexthop_cache = 1, .sweep_sets = 1 };
