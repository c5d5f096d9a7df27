/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counters belong to a CPU, so they need no atomics: XDP runs with bottom halves off and is not preempted by itself. */
#pragma once
#include "settings.h"
#include "tables.h"

/* The one exit for packets that end here. */
static __always_inline int drop(enum drop_reason reason)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct drops *drops_of_cpu = bpf_map_lookup_elem(&drops, &cpu);

	if (drops_of_cpu)
		drops_of_cpu->packets[reason & (DROP_REASONS - 1)]++;
	return XDP_DROP;
}
