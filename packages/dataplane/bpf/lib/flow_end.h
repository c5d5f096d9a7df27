/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How long a flow lives, and how it leaves the table, with its answers. */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "answer_table.h"
#include "events.h"
#include "flow_find.h"
#include "flow_value.h"
#include "service.h"

/* In ticks; what is no connection of its own gets its time from elsewhere. */
static __always_inline __u32 lifetime(const struct state *current, __u64 value)
{
	__u32 state = state_of(value);

	if (state == FLOW_NETWORK) {
		struct backend *backend = backend_of_flow(value);
		__u32 index = backend ? backend->service - 1 : 0;
		struct service *service = bpf_map_lookup_elem(&services, &index);

		return service ? service->persistence : 0;
	}
	return current->timeout[state & (FLOW_STATES - 1)];
}

static __always_inline int is_older(const struct state *current, __u64 value, __u32 ticks)
{
	return age_of(current, value) > ticks;
}

/* Has the flow ended, as far as its own packets say, or its backend? */
static __always_inline int is_over(const struct state *current, __u64 value)
{
	if (state_of(value) != FLOW_STRANGER && !backend_of_flow(value))
		return 1;
	return is_older(current, value, lifetime(current, value));
}

/* The same of one that stands at `place`: a flow of nat or fullnat lives as long as its answers do. */
static __always_inline int is_over_in_both(const struct state *current, __u32 place, __u64 value)
{
	const struct answer *answer;

	if (!is_over(current, value))
		return 0;
	answer = answer_of(place, value);
	return !answer || !backend_of_answer(answer) || age_of_answer(current, answer) > lifetime(current, value);
}

/*
 * Takes the flow that was found at a place with this tag and value out of the table, and its answers; unless somebody else did, or it
 * was seen since. `is_over`: user space is told, if it was told of the flow; else it only gives way, and may come back.
 */
SEPARATE int take_out(__u32 place, __u64 tag, __u64 value, __u32 is_over)
{
	struct flow *flow = flow_at(place);

	if (!flow || tag <= FLOW_BUSY || __sync_val_compare_and_swap(&flow->tag, tag, FLOW_BUSY) != tag)
		return 0;
	if (__sync_val_compare_and_swap(&flow->value, value, 0) != value) {
		*(volatile __u64 *)&flow->tag = tag;
		return 0;
	}
	forget_answer_of(place, value);
	*(volatile __u64 *)&flow->tag = 0;
	count_connection(value, -1, 0);
	if (value & VALUE_TOLD && is_over)
		tell_end(place, tag);
	return 1;
}

/* The flow is over. */
static __always_inline int forget_at(__u32 place, __u64 tag, __u64 value)
{
	return take_out(place, tag, value, 1);
}

/* It is not, as far as anybody knows. */
static __always_inline int drop_at(__u32 place, __u64 tag, __u64 value)
{
	return take_out(place, tag, value, 0);
}

/* Looks at one place of the table as time goes by. */
SEPARATE int sweep_at(__u32 place)
{
	const struct state *current = current_state();
	struct flow *flow = flow_at(place);
	__u64 tag, value;

	if (!current || !flow)
		return 0;
	tag = *(volatile __u64 *)&flow->tag;
	value = *(volatile __u64 *)&flow->value;
	if (tag > FLOW_BUSY && is_over_in_both(current, place, value))
		forget_at(place, tag, value);
	return 0;
}
