/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which place the answers of a new flow of nat or fullnat get, and which flow has to go for it. */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "answer_table.h"
#include "flow_end.h"
#include "flow_place.h"

/* As rank_of(): a flow is as old as its last packet of either direction. */
static __always_inline __u32 rank_of_answer(const struct state *current, __u32 place, const struct answer *answer)
{
	struct flow *flow;
	__u32 age, other;
	__u64 value;

	if (!answer->tag)
		return RANK_FREE;
	flow = flow_of_answer(place, answer);
	if (!flow)
		return RANK_OVER;
	value = *(volatile __u64 *)&flow->value;
	age = age_of(current, value);
	other = age_of_answer(current, answer);
	return rank_of_age(current, state_of(value), age < other ? age : other);
}

static __always_inline int is_of_fragments(__u32 place, const struct answer *answer)
{
	const struct flow *flow = flow_of_answer(place, answer);

	return flow && state_of(*(volatile __u64 *)&flow->value) == FLOW_FRAGMENT;
}

/* As victim(). `of_fragments`: they push out nothing but fragments. */
static __always_inline __u32 answer_victim(const struct state *current, __u32 set, struct flow_key key, __u32 least_rank,
					   __u32 of_fragments)
{
	__u32 best_rank = least_rank, best = NO_PLACE;

	for (__u32 turn = 0; turn < FLOW_WAYS; turn++) {
		__u32 place = place_in_set(set, key, turn), rank;
		const struct answer *answer = answer_at(place);

		if (!answer || *(volatile __u64 *)&answer->tag == FLOW_BUSY)
			continue;
		rank = rank_of_answer(current, place, answer);
		if (of_fragments && rank < RANK_OVER && !is_of_fragments(place, answer))
			continue;
		if (best == NO_PLACE ? rank >= best_rank : rank > best_rank) {
			best_rank = rank;
			best = place;
		}
	}
	return best;
}

/*
 * Takes a place for answers that nobody can find yet: publish_answer() does that. Returns it, or NO_PLACE when another CPU was
 * faster. Whose place it was goes, in both directions.
 */
SEPARATE __u32 claim_answer(__u64 tag, __u32 of_fragments)
{
	const struct state *current = current_state();
	struct flow_key key = key_of_tag(tag);
	__u32 place = NO_PLACE;
	struct answer *answer;
	struct flow *flow;

	if (!current)
		return NO_PLACE;
	if (settings.near_sets)
		place = answer_victim(current, near_set(key.set), key, RANK_OVER, of_fragments);
	if (place == NO_PLACE)
		place = answer_victim(current, far_set(key.set, settings.translation_mask), key, 0, of_fragments);
	answer = answer_at(place);
	if (!answer)
		return NO_PLACE;
	if (answer->tag) {
		flow = flow_of_answer(place, answer);
		if (flow)
			drop_at(answer->place, *(volatile __u64 *)&flow->tag, *(volatile __u64 *)&flow->value);
		else
			forget_answer(answer, *(volatile __u64 *)&answer->tag);
	}
	if (__sync_val_compare_and_swap(&answer->tag, 0, FLOW_BUSY))
		return NO_PLACE;
	mark_overflow(key.set, place, NEAR_ANSWERS);
	return place;
}

static __always_inline void publish_answer(__u32 place, __u64 tag)
{
	struct answer *answer = answer_at(place);

	if (answer)
		*(volatile __u64 *)&answer->tag = tag;
}

/* Gives back a place that was claimed and not published. */
static __always_inline void unclaim_answer(__u32 place)
{
	publish_answer(place, 0);
}

/*
 * What later fragments become stands with the entry of their packet, in a copy, however long the flow is remembered.
 * place: of that entry; of: that of the flow, or with `is_answer` of its answers. False: there is no room.
 */
SEPARATE int copy_translation(__u32 place, __u32 of, __u32 is_answer, __u64 tag)
{
	const struct translation *there = is_answer ? NULL : translation_at(of);
	__u32 from_place = there ? there->answer : of, to_place;
	const struct answer_addresses *from_addresses = addresses_at(from_place);
	const struct answer *from = answer_at(from_place);
	struct translation *copy = translation_at(place);
	struct answer_addresses *addresses;
	struct answer *to;

	if (!from || !from_addresses || !copy)
		return 0;
	to_place = claim_answer(tag, 1);
	to = answer_at(to_place);
	addresses = addresses_at(to_place);
	if (!to || !addresses)
		return 0;
	copy->answer = to_place;
	copy->is_answer = is_answer;
	copy->local = there ? there->local : 0;
	to->place = place;
	to->seen = from->seen;
	to->client = from->client;
	to->vip = from->vip;
	to->backend = from->backend;
	to->epoch = from->epoch;
	to->nexthop.stamp = 0;
	*addresses = *from_addresses;
	publish_answer(to_place, tag);
	return 1;
}

/* Looks at one place of the table as time goes by: flows take their answers with them, but for those whose backend went first. */
SEPARATE int sweep_answer_at(__u32 place)
{
	struct answer *answer = answer_at(place);
	__u64 tag;

	if (!answer)
		return 0;
	tag = *(volatile __u64 *)&answer->tag;
	if (tag > FLOW_BUSY && !flow_of_answer(place, answer))
		forget_answer(answer, tag);
	return 0;
}
