/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counters belong to a CPU, so they need no atomics: XDP runs with bottom halves off and is not preempted by itself. */
#pragma once
#include "settings.h"
#include "tables.h"
#include "trace.h"

/*
 * A function that the verifier looks at once, by itself, and not from every place that calls it: "global" in its words.
 * Its pointers may be NULL as far as it knows, and have to be tested.
 */
#define SEPARATE __attribute__((noinline))

/* What this CPU knows of a backend. */
static __always_inline struct backend_cpu *counters_of(__u32 slot)
{
	__u32 cpu_slot = slot * settings.cpus + bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&backend_cpus, &cpu_slot);
}

/* The one exit for packets that end here. */
static __always_inline int drop(enum drop_reason reason)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct drops *drops_of_cpu = bpf_map_lookup_elem(&drops, &cpu);

	trace_dropped(reason);
	if (drops_of_cpu && reason < DROP_REASONS)
		drops_of_cpu->packets[reason]++;
	return XDP_DROP;
}
