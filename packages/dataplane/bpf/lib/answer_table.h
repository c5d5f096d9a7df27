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

/* A set is several cache lines. The one that is looked at first depends on the tag: as a rule it is the only one. */
static __always_inline __u32 place_in_set(__u32 set, struct flow_key key, __u32 turn)
{
	return set * FLOW_WAYS + (((key.set >> 30) + turn) & (FLOW_WAYS - 1));
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

/* The answers of a flow that stands at `place`; NULL: it has none. */
static __always_inline struct answer *answer_of(__u32 place, __u64 value)
{
	const struct translation *there = translation_at(place);
	struct answer *answer;

	if (!is_connection(state_of(value)) || !there)
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
	__u32 slot = answer->backend;
	struct backend *backend = bpf_map_lookup_elem(&backends, &slot);

	return backend && backend->service && (backend->epoch & EPOCH_MASK) == answer->epoch ? backend : NULL;
}

/* Ticks since the last one; 0, too, when another CPU's clock was faster. */
static __always_inline __u32 age_of_answer(const struct state *current, const struct answer *answer)
{
	__s32 age = current->now - answer->seen;

	return age < 0 ? 0 : age;
}

/* Nobody finds it any more; unless it is another one's by now. */
static __always_inline void forget_answer(struct answer *answer, __u64 tag)
{
	if (tag > FLOW_BUSY)
		__sync_val_compare_and_swap(&answer->tag, tag, 0);
}
