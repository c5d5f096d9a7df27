/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which place a new flow gets, and who has to go. */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "flow_end.h"
#include "flow_find.h"
#include "flow_value.h"

/* How ready a flow is to give way: the longest silent first; before all others one that is over; then half-open ones. */
#define RANK_FREE (1u << 31)
#define RANK_OVER (1u << 30)
#define RANK_CHEAP (1u << 29)

static __always_inline __u32 rank_of_age(const struct state *current, __u32 state, __u32 age)
{
	__u32 rank = age;

	/* A flood of SYNs, of resets or of fragments pushes out its own. */
	if (state == FLOW_SYN || state == FLOW_CLOSE || state == FLOW_FRAGMENT)
		rank |= RANK_CHEAP;
	if (state != FLOW_NETWORK && age > current->timeout[state])
		rank |= RANK_OVER;
	return rank;
}

static __always_inline __u32 rank_of(const struct state *current, __u64 tag, __u64 value)
{
	return tag ? rank_of_age(current, state_of(value), age_of(current, value)) : RANK_FREE;
}

/* A flow of nat or fullnat is not over before its answers are. `rank`: by the client's packets alone. */
static __always_inline __u32 rank_with_answers(const struct state *current, __u32 place, __u64 value, __u32 rank)
{
	const struct answer *answer = answer_of(place, value);
	__u32 age;

	if (!answer)
		return rank;
	age = age_of_answer(current, answer);
	return age < age_of(current, value) ? rank_of_age(current, state_of(value), age) : rank;
}

/* The place in a set that a flow of this value may have. Fragments push out nothing but fragments. */
static __always_inline __u32 victim(const struct state *current, __u32 set, __u32 first, __u64 value, __u32 least_rank)
{
	struct flow_set *ways = flow_set(set);
	__u32 best_rank = least_rank, best = NO_PLACE;

	if (!ways)
		return NO_PLACE;
	for (__u32 i = 0; i < FLOW_WAYS; i++) {
		/* Where all are equal, it is not always the same one that goes. */
		__u32 way = (i + first) & (FLOW_WAYS - 1);
		volatile struct flow *flow = &ways->way[way];
		__u64 its_value = flow->value, its_tag = flow->tag;
		__u32 rank = rank_of(current, its_tag, its_value);

		if (its_tag == FLOW_BUSY)
			continue;
		if (rank & RANK_OVER)
			rank = rank_with_answers(current, set * FLOW_WAYS + way, its_value, rank);
		if (state_of(value) == FLOW_FRAGMENT && rank < RANK_OVER && state_of(its_value) != FLOW_FRAGMENT)
			continue;
		if (best == NO_PLACE ? rank >= best_rank : rank > best_rank) {
			best_rank = rank;
			best = set * FLOW_WAYS + way;
		}
	}
	return best;
}

/* The near place where nobody has to go, or else the far place of who may. */
static __always_inline __u32 place_for(const struct state *current, struct flow_key key, __u32 mask, __u64 value)
{
	__u32 place = NO_PLACE;

	if (settings.near_sets)
		place = victim(current, near_set(key.set), first_way(key), value, RANK_OVER);
	return place != NO_PLACE ? place : victim(current, far_set(key.set, mask), first_way(key), value, 0);
}

/*
 * Takes a place for a flow that nobody can find yet: publish() does that. Returns it, or NO_PLACE when another CPU was
 * faster. Who has the place goes by the exchange of the values, with its answers.
 */
static __always_inline __u32 claim(const struct state *current, struct flow_key key, __u32 mask, __u64 value)
{
	__u32 place = place_for(current, key, mask, value);
	struct flow *flow = flow_at(place);
	__u64 old;

	if (place == NO_PLACE || !flow)
		return NO_PLACE;
	old = *(volatile __u64 *)&flow->tag;
	if (old == FLOW_BUSY || __sync_val_compare_and_swap(&flow->tag, old, FLOW_BUSY) != old)
		return NO_PLACE;
	mark_overflow(key.set, place, NEAR_FLOWS);
	old = __sync_lock_test_and_set(&flow->value, value);
	if (old) {
		forget_answer_of(place, old);
		count_connection(old, -1, 0);
	}
	count_connection(value, 1, 1);
	return place;
}

static __always_inline void publish(__u32 place, __u64 tag)
{
	struct flow *flow = flow_at(place);

	if (flow)
		*(volatile __u64 *)&flow->tag = tag;
}

static __always_inline void remember(const struct state *current, struct flow_key key, __u64 value)
{
	__u32 place = claim(current, key, settings.flow_mask, value);

	if (place != NO_PLACE)
		publish(place, key.tag);
}

/* claim() for what is seldom. */
SEPARATE __u32 claim_seldom(__u64 tag, __u32 mask, __u64 value)
{
	const struct state *current = current_state();

	return current ? claim(current, key_of_tag(tag), mask, value) : NO_PLACE;
}

/* Gives back a place that was claimed and not published. */
SEPARATE int unclaim(__u32 place)
{
	struct flow *flow = flow_at(place);
	__u64 value;

	if (!flow)
		return 0;
	value = __sync_lock_test_and_set(&flow->value, 0);
	count_connection(value, -1, -1);
	*(volatile __u64 *)&flow->tag = 0;
	return 0;
}
