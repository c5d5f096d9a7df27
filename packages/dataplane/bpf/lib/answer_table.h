/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of answers of nat and fullnat. An answer and its flow in the flow table name each other: who finds that they do
 * not, finds what is left of a flow that has gone.
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "flow_find.h"
#include "flow_value.h"
#include "hash.h"
#include "settings.h"
#include "tables.h"

static __always_inline struct answer *answer_at(__u32 place)
{
	return bpf_map_lookup_elem(&answers, &place);
}

static __always_inline struct answer_addresses *addresses_at(__u32 place)
{
	return bpf_map_lookup_elem(&addresses_of_answers, &place);
}

/* A set is two cache lines. Which place is looked at first depends on the tag: as a rule it is the only one. */
static __always_inline __u32 place_in_set(__u32 set, struct flow_key key, __u32 turn)
{
	return set * FLOW_WAYS + ((first_way(key) + turn) & (FLOW_WAYS - 1));
}

static __always_inline __u32 find_answer_in_set(__u32 set, struct flow_key key)
{
	for (__u32 turn = 0; turn < FLOW_WAYS; turn++) {
		__u32 place = place_in_set(set, key, turn);
		const volatile struct answer *answer = answer_at(place);

		if (answer && answer->tag == key.tag)
			return place;
	}
	return NO_PLACE;
}

/* Where answers with this key stand; NO_PLACE: nowhere. */
static __always_inline __u32 find_answer(struct flow_key key)
{
	if (settings.near_sets) {
		__u32 place = find_answer_in_set(near_set(key.set), key);

		if (place != NO_PLACE || !may_be_far(key.set, NEAR_ANSWERS))
			return place;
	}
	return find_answer_in_set(far_set(key.set, settings.translation_mask), key);
}

/* The answers of the flow, or of the fragments, that stand at `place` with this value; NULL: there are none. */
static __always_inline struct answer *answer_of(__u32 place, __u64 value)
{
	const struct backend *backend = backend_of_flow(value);
	const struct translation *there;
	struct answer *answer;

	/* As a rule one need not look. */
	if (!(is_connection(state_of(value)) || state_of(value) == FLOW_FRAGMENT) || (backend && !translates(backend)))
		return NULL;
	there = translation_at(place);
	if (!there)
		return NULL;
	answer = answer_at(there->answer);
	return answer && answer->place == place && answer->tag > FLOW_BUSY ? answer : NULL;
}

/* The flow that the answers at `place` are of, which may be about to begin or to go; NULL: it has gone. */
static __always_inline struct flow *flow_of_answer(__u32 place, const struct answer *answer)
{
	const struct translation *there = translation_at(answer->place);
	struct flow *flow = flow_at(answer->place);

	return there && flow && there->answer == place && flow->tag ? flow : NULL;
}

static __always_inline struct backend *backend_of_answer(const struct answer *answer)
{
	return backend_of_epoch(answer->backend, answer->epoch);
}

static __always_inline __u32 seen_at(const struct answer *answer)
{
	return answer->seen_way >> WAY_OUT_BITS;
}

/* Seen in that tick: by what next hop answers go is to be asked anew. */
static __always_inline __u32 seen_unasked(__u32 tick)
{
	return tick << WAY_OUT_BITS | NO_WAY_OUT;
}

/* Ticks since the last one; 0, too, when another CPU's clock was faster. */
static __always_inline __u32 age_of_answer(const struct state *current, const struct answer *answer)
{
	__u32 age = (current->now - seen_at(answer)) & SEEN_MASK;

	return age > SEEN_MASK / 2 ? 0 : age;
}

static __always_inline int is_answer_seen_now(const struct state *current, const struct answer *answer)
{
	return seen_at(answer) == (current->now & SEEN_MASK);
}

/* Nobody finds it any more; unless it is another one's by now. `tag`: read before one saw whose it is. */
static __always_inline void forget_answer(struct answer *answer, __u64 tag)
{
	if (tag > FLOW_BUSY)
		__sync_val_compare_and_swap(&answer->tag, tag, 0);
}

/*
 * The same of the flow at `place`, which is taken out or gives way: while its tag is FLOW_BUSY, so that nobody takes the answers
 * for what is left of a flow that has gone, and gives their place and tag to the next one.
 */
static __always_inline void forget_answer_of(__u32 place, __u64 value)
{
	struct answer *answer = answer_of(place, value);
	__u64 tag;

	if (!answer)
		return;
	tag = *(volatile __u64 *)&answer->tag;
	if (*(volatile __u32 *)&answer->place == place)
		forget_answer(answer, tag);
}
