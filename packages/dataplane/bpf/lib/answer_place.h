/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which place the answers of a new flow of nat or fullnat get, and which flow has to go for it. */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "answer_table.h"
#include "flow_end.h"
#include "flow_place.h"

/* That of its flow. */
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
	__u64 old;

	if (!current)
		return NO_PLACE;
	if (settings.near_sets)
		place = answer_victim(current, near_set(key.set), key, RANK_OVER, of_fragments);
	if (place == NO_PLACE)
		place = answer_victim(current, far_set(key.set, settings.translation_mask), key, 0, of_fragments);
	answer = answer_at(place);
	if (!answer)
		return NO_PLACE;
	old = *(volatile __u64 *)&answer->tag;
	if (old == FLOW_BUSY)
		return NO_PLACE;
	if (old) {
		flow = flow_of_answer(place, answer);
		if (flow)
			drop_at(answer->place, *(volatile __u64 *)&flow->tag, *(volatile __u64 *)&flow->value);
		else
			forget_answer(answer, old);
	}
	if (__sync_val_compare_and_swap(&answer->tag, 0, FLOW_BUSY))
		return NO_PLACE;
	mark_overflow(key.set, place, NEAR_ANSWERS);
	return place;
}

/* Whoever looks for others after this finds them, or is found by them. */
static __always_inline void publish_answer(__u32 place, __u64 tag)
{
	struct answer *answer = answer_at(place);

	if (answer)
		__sync_lock_test_and_set(&answer->tag, tag);
}

static __always_inline int is_in_other_place(__u32 set, struct flow_key key, __u32 place)
{
	for (__u32 turn = 0; turn < FLOW_WAYS; turn++) {
		__u32 other = place_in_set(set, key, turn);
		const volatile struct answer *answer = answer_at(other);

		if (other != place && answer && answer->tag == key.tag)
			return 1;
	}
	return 0;
}

/* Are the answers at `place`, which have been published, the only ones with their tag? Two CPUs may have found it free at once. */
SEPARATE int is_alone(__u64 tag, __u32 place)
{
	struct flow_key key = key_of_tag(tag);

	if (settings.near_sets) {
		if (is_in_other_place(near_set(key.set), key, place))
			return 0;
		if (!may_be_far(key.set, NEAR_ANSWERS))
			return 1;
	}
	return !is_in_other_place(far_set(key.set, settings.translation_mask), key, place);
}

/* Gives back a place that was claimed. */
static __always_inline void unclaim_answer(__u32 place)
{
	publish_answer(place, 0);
}

/* Answers can be found from now on. False: others have the same tag, and the place is given back. */
static __always_inline int publish_alone(__u32 place, __u64 tag)
{
	publish_answer(place, tag);
	if (is_alone(tag, place))
		return 1;
	unclaim_answer(place);
	return 0;
}

/*
 * What later fragments become stands with the entry of their packet, in a copy, however long the flow is remembered.
 * place: of that entry; of: that of the flow, or with `is_answer` of its answers, which were found by `found_by` (the tag's lower
 * half). False: there is no room, or the flow has gone.
 */
SEPARATE int copy_translation(__u32 place, __u32 of, __u32 is_answer, __u32 found_by, __u64 tag)
{
	struct translation copied = { .answer = of, .is_answer = is_answer };
	const struct state *current = current_state();
	const struct answer_addresses *from_addresses;
	struct answer_addresses *addresses;
	const struct translation *there;
	struct translation *copy;
	const struct answer *from;
	struct answer *to;

	if (!is_answer) {
		there = translation_at(of);
		if (!there)
			return 0;
		copied.answer = there->answer;
		copied.local = there->local;
		copied.local_port = there->local_port;
	}
	from = answer_at(copied.answer);
	from_addresses = addresses_at(copied.answer);
	if (!from || !from_addresses || !current)
		return 0;
	copied.answer = claim_answer(tag, 1);
	to = answer_at(copied.answer);
	addresses = addresses_at(copied.answer);
	copy = translation_at(place);
	if (!to || !addresses || !copy)
		return 0;
	*copy = copied;
	to->place = place;
	to->seen_way = seen_unasked(current->now);
	to->client = from->client;
	to->vip = from->vip;
	to->client_port = from->client_port;
	to->vip_port = from->vip_port;
	to->backend = from->backend;
	to->epoch = from->epoch;
	*addresses = *from_addresses;
	if (is_answer ? (__u32)*(volatile __u64 *)&from->tag != found_by : *(volatile __u32 *)&from->place != of) {
		unclaim_answer(copied.answer);
		return 0;
	}
	publish_answer(copied.answer, tag);
	return 1;
}

/* Ticks: older than any flow may become by itself, and far from where they wrap. */
#define ANSWER_AGE_MAX (SEEN_MASK / 4)

/*
 * Looks at one place of the table as time goes by. A flow takes its answers with it, and they live as long as it does, however long
 * it goes without any: they get no older than that ticks could tell.
 */
SEPARATE int sweep_answer_at(__u32 place)
{
	const struct state *current = current_state();
	struct answer *answer = answer_at(place);
	__u64 tag;

	if (!answer || !current)
		return 0;
	tag = *(volatile __u64 *)&answer->tag;
	if (tag <= FLOW_BUSY)
		return 0;
	if (!flow_of_answer(place, answer))
		forget_answer(answer, tag);
	else if (age_of_answer(current, answer) > ANSWER_AGE_MAX)
		answer->seen_way = seen_unasked(current->now - ANSWER_AGE_MAX);
	return 0;
}
