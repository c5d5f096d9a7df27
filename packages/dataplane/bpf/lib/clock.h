/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A timer in the kernel that makes cached next hops stale. It belongs to a pinned map, so it ticks while no daemon
 * runs; and no packet pays for reading a clock.
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "service.h"
#include "tables.h"

#define CLOCK_MONOTONIC 1
#define NEXTHOP_LIFETIME_NS 1000000000ULL

struct clock {
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct clock);
} clock SEC(".maps");

static int tick(void *map __attribute__((unused)), __u32 *key __attribute__((unused)), struct clock *value)
{
	struct state *current = current_state();

	if (current)
		current->nexthop_generation++;
	bpf_timer_start(&value->timer, NEXTHOP_LIFETIME_NS, 0);
	return 0;
}

/* Run once at load. A clock that a former program started is taken over. */
SEC("syscall")
int start_clock(void *ctx __attribute__((unused)))
{
	__u32 only = 0;
	struct clock *value = bpf_map_lookup_elem(&clock, &only);

	if (!value)
		return -1;
	bpf_timer_init(&value->timer, &clock, CLOCK_MONOTONIC);
	bpf_timer_set_callback(&value->timer, tick);
	return bpf_timer_start(&value->timer, NEXTHOP_LIFETIME_NS, 0);
}
