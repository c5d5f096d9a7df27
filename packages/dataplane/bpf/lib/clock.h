/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A timer in the kernel that counts seconds, makes cached next hops stale and takes flows out that are over. It belongs
 * to a pinned map, so it ticks while no daemon runs; and no packet pays for reading a clock.
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "answer_place.h"
#include "flow.h"
#include "service.h"
#include "tables.h"

#define CLOCK_MONOTONIC 1
/* A tenth of a second: what a sweep does at a time is a tenth, too. */
#define STEP_NS 100000000ULL
#define STEPS_PER_SECOND 10

struct clock {
	struct bpf_timer timer;
	__u32 steps;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct clock);
} clock SEC(".maps");

struct sweep {
	__u32 first_set;
};

static __always_inline __u32 all_sets(void)
{
	return settings.near_sets + settings.flow_mask + 1;
}

static __always_inline int is_set_used(__u32 set, const enum near_table table)
{
	struct flow_set *ways = flow_set(set);

	for (__u32 way = 0; way < FLOW_WAYS; way++) {
		const struct answer *answer;

		if (table == NEAR_ANSWERS) {
			answer = answer_at(set * FLOW_WAYS + way);
			if (answer && answer->tag)
				return 1;
		} else if (ways && ways->way[way].tag) {
			return 1;
		}
	}
	return 0;
}

/* Near sets come first: a sweep takes one off before the far sets set it anew. */
static __always_inline void sweep_overflow(__u32 set, const enum near_table table)
{
	volatile __u32 *overflow = overflow_of(set, table);
	__u32 sweeps;

	if (!overflow)
		return;
	if (set < settings.near_sets) {
		sweeps = *overflow;
		if (sweeps)
			__sync_val_compare_and_swap(overflow, sweeps, sweeps - 1);
		return;
	}
	if (is_set_used(set, table))
		*overflow = OVERFLOW_SWEEPS;
}

/* A set of the table of answers, which has no more of them than the flow table. */
static __always_inline void sweep_answers(__u32 set)
{
	for (__u32 way = 0; way < FLOW_WAYS; way++)
		sweep_answer_at(set * FLOW_WAYS + way);
	if (settings.near_sets)
		sweep_overflow(set, NEAR_ANSWERS);
}

static long sweep_set(__u32 index, struct sweep *sweep)
{
	__u32 set = sweep->first_set + index;

	if (set >= all_sets())
		return 1;
	for (__u32 way = 0; way < FLOW_WAYS; way++)
		sweep_at(set * FLOW_WAYS + way);
	if (settings.near_sets)
		sweep_overflow(set, NEAR_FLOWS);
	if (set <= settings.near_sets + settings.translation_mask)
		sweep_answers(set);
	return 0;
}

/* A slice of the flow table: the whole of it in about ten seconds (src/xdp/xdp-dataplane.ts). */
static __always_inline void sweep(struct state *current)
{
	struct sweep slice = { .first_set = current->sweep_set };

	bpf_loop(settings.sweep_sets, sweep_set, &slice, 0);
	current->sweep_set += settings.sweep_sets;
	if (current->sweep_set >= all_sets())
		current->sweep_set = 0;
}

static int step(void *map __attribute__((unused)), __u32 *key __attribute__((unused)), struct clock *value)
{
	struct state *current = current_state();

	if (current) {
		if (++value->steps % STEPS_PER_SECOND == 0)
			current->now++;
		sweep(current);
	}
	bpf_timer_start(&value->timer, STEP_NS, 0);
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
	bpf_timer_set_callback(&value->timer, step);
	return bpf_timer_start(&value->timer, STEP_NS, 0);
}

/* A slice of the sweep at the caller's command, for tests: they set the time themselves. */
SEC("syscall")
int sweep_once(void *ctx __attribute__((unused)))
{
	struct state *current = current_state();

	if (!current)
		return -1;
	sweep(current);
	return 0;
}
