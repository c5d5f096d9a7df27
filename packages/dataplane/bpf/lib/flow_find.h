/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a flow stands in the table. */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "hash.h"
#include "settings.h"
#include "tables.h"

#define FLOW_BUSY 1
#define NO_PLACE 0xffffffff

static __always_inline struct flow_set *flow_set(__u32 set)
{
	return bpf_map_lookup_elem(&flows, &set);
}

/* Where a flow is: `place` counts ways through the whole table. */
struct found_flow {
	struct flow *flow;
	__u64 value;
	__u32 place;
};

/* `mask` tells which far sets a flow may be in: settings.flow_mask, or settings.translation_mask. */
static __always_inline __u32 far_set(__u32 set, __u32 mask)
{
	return settings.near_sets + (set & mask);
}

static __always_inline __u32 near_set(__u32 set)
{
	return set & (settings.near_sets - 1);
}

/* Bits that no set is chosen by, to begin with in a set; the tag itself is less well mixed. */
static __always_inline __u32 first_way(struct flow_key key)
{
	return key.set >> 30;
}

/* Sweeps that go by until a near set is known to have nothing far. */
#define OVERFLOW_SWEEPS 2

enum near_table { NEAR_FLOWS, NEAR_ANSWERS };

/* Is anything far, of all that have this near set? NULL: there are no near sets. */
static __always_inline volatile __u32 *overflow_of(__u32 set, const enum near_table table)
{
	__u32 near = near_set(set) + (table == NEAR_ANSWERS ? settings.near_sets : 0);
	__u32 line = near / OVERFLOWS_PER_LINE;
	struct overflow_line *overflows = bpf_map_lookup_elem(&flow_overflows, &line);

	return overflows ? &overflows->sweeps[near % OVERFLOWS_PER_LINE] : NULL;
}

static __always_inline int may_be_far(__u32 set, const enum near_table table)
{
	volatile __u32 *overflow = overflow_of(set, table);

	return overflow && *overflow;
}

/* Once the place is taken, and before it can be found: a sweep either sees it, or left the number as it is. */
static __always_inline void mark_overflow(__u32 set, __u32 place, const enum near_table table)
{
	volatile __u32 *overflow;

	if (!settings.near_sets || place < settings.near_sets * FLOW_WAYS)
		return;
	overflow = overflow_of(set, table);
	if (overflow)
		*overflow = OVERFLOW_SWEEPS;
}

static __always_inline int find_in_set(__u32 set, struct flow_key key, struct found_flow *found)
{
	struct flow_set *ways = flow_set(set);

	if (!ways)
		return 0;
	for (__u32 way = 0; way < FLOW_WAYS; way++) {
		volatile struct flow *flow = &ways->way[way];

		if (flow->tag != key.tag)
			continue;
		found->value = flow->value;
		if (flow->tag != key.tag)
			return 0;
		found->flow = (struct flow *)flow;
		found->place = set * FLOW_WAYS + way;
		return 1;
	}
	return 0;
}

static __always_inline int find_flow(struct flow_key key, __u32 mask, struct found_flow *found)
{
	if (settings.near_sets) {
		if (find_in_set(near_set(key.set), key, found))
			return 1;
		if (!may_be_far(key.set, NEAR_FLOWS))
			return 0;
	}
	return find_in_set(far_set(key.set, mask), key, found);
}

static __always_inline struct flow *flow_at(__u32 place)
{
	struct flow_set *ways = flow_set(place / FLOW_WAYS);

	return ways ? &ways->way[place % FLOW_WAYS] : NULL;
}

static __always_inline struct translation *translation_at(__u32 place)
{
	return bpf_map_lookup_elem(&translations, &place);
}
