/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where answers of nat and fullnat go next. As with backends (nexthop.h) the kernel is asked once a tick and flow; an answer
 * keeps the number of what it said, because all of a next hop would be another line of memory for each flow.
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "answer_table.h"
#include "ends.h"
#include "hash.h"
#include "nexthop.h"
#include "settings.h"
#include "tables.h"

#define WAYS_OUT_TRIED 8
/* Stamp of one that another CPU writes just now. */
#define WAY_OUT_BUSY (~0ULL)
/* Ticks after which an answer that was given one can't be looking at it any more: a tick is a second. */
#define WAY_OUT_REST 3

/* What the kernel said last, to this CPU. */
struct asked {
	struct nexthop nexthop;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct asked);
} asked_ways SEC(".maps");

static __always_inline struct nexthop *asked_way(void)
{
	__u32 only = 0;
	struct asked *asked = bpf_map_lookup_elem(&asked_ways, &only);

	return asked ? &asked->nexthop : NULL;
}

static __always_inline struct way_out *way_out_at(__u32 number)
{
	return bpf_map_lookup_elem(&ways_out, &number);
}

/* All but the stamp, as words. */
#define NEXTHOP_WORDS ((sizeof(struct nexthop) - sizeof(__u64)) / sizeof(__u64))

static __always_inline int is_same_nexthop(const struct nexthop *one, const struct nexthop *other)
{
	const __u64 *words = &one->stamp + 1, *others = &other->stamp + 1;

	return words[0] == others[0] && words[1] == others[1] && words[2] == others[2];
}

/* Stamp of one that is given in this tick; 0: nobody ever was. */
static __always_inline __u64 given_in(__u32 now)
{
	return (__u64)now + 1;
}

/* Is it given in this tick, so that nobody takes it for another? By compare-and-swap: somebody may be about to. */
static __always_inline int give_way_out(struct nexthop *nexthop, __u64 stamp, __u32 now)
{
	return stamp == given_in(now) || __sync_val_compare_and_swap(&nexthop->stamp, stamp, given_in(now)) == stamp;
}

/* Does nobody look at it any more? The tick may have risen since `now` was read: one that was given after it is not old. */
static __always_inline int is_way_out_free(__u64 stamp, __u32 now)
{
	return stamp != WAY_OUT_BUSY && (!stamp || (__s32)(now - (__u32)(stamp - 1)) > WAY_OUT_REST);
}

/* The number of the next hop that this CPU asked for; NO_WAY_OUT: those that it could have are other ones'. */
SEPARATE __u32 number_of_asked_way(__u32 now)
{
	const struct nexthop *asked = asked_way();
	__u32 first;

	if (!asked)
		return NO_WAY_OUT;
	_Static_assert(NEXTHOP_WORDS == 3, "is_same_nexthop() compares three");
	first = mix(asked->ifindex, (&asked->stamp)[1], (&asked->stamp)[2]);
	for (__u32 i = 0; i < WAYS_OUT_TRIED; i++) {
		__u32 number = (first + i) & (WAYS_OUT_MAX - 1);
		struct way_out *way = way_out_at(number);
		__u64 stamp;

		if (!way)
			continue;
		stamp = *(volatile __u64 *)&way->nexthop.stamp;
		if (stamp != WAY_OUT_BUSY && is_same_nexthop(&way->nexthop, asked) && give_way_out(&way->nexthop, stamp, now))
			return number;
	}
	for (__u32 i = 0; i < WAYS_OUT_TRIED; i++) {
		__u32 number = (first + i) & (WAYS_OUT_MAX - 1);
		struct way_out *way = way_out_at(number);
		__u64 stamp;

		if (!way)
			continue;
		stamp = *(volatile __u64 *)&way->nexthop.stamp;
		if (!is_way_out_free(stamp, now) ||
		    __sync_val_compare_and_swap(&way->nexthop.stamp, stamp, WAY_OUT_BUSY) != stamp)
			continue;
		for (__u32 word = 1; word <= NEXTHOP_WORDS; word++)
			(&way->nexthop.stamp)[word] = (&asked->stamp)[word];
		__sync_lock_test_and_set(&way->nexthop.stamp, given_in(now));
		return number;
	}
	return NO_WAY_OUT;
}

/* The answers at `place` have that number, if they are still those of `tag` and were seen in this tick. */
static __always_inline void note_way_out(const struct state *current, struct answer *answer, __u32 tag)
{
	/* `place` and `seen_way` at once: others that get this place have another flow. */
	__u64 *word = (__u64 *)&answer->place, old = *(volatile __u64 *)word;
	__u32 seen_way = old >> 32;

	if (seen_way >> WAY_OUT_BITS != (current->now & SEEN_MASK) || (__u32)*(volatile __u64 *)&answer->tag != tag)
		return;
	seen_way = (seen_way & ~(__u32)NO_WAY_OUT) | number_of_asked_way(current->now);
	__sync_val_compare_and_swap(word, old, (__u64)seen_way << 32 | (__u32)old);
}

/* NEXTHOP_FOUND: it is asked_way(). `tag`: lower half of that by which the answers at `place` were found. */
SEPARATE int ask_way_out(struct xdp_md *ctx, const struct ends *ends, __u32 family, __u32 place, __u32 tag)
{
	const struct state *current = current_state();
	struct answer *answer = answer_at(place);
	struct nexthop *asked = asked_way();
	int verdict;

	if (!ends || !current || !answer || !asked)
		return XDP_DROP;
	asked->padding = 0;
	verdict = ask_fib(ctx, &ends->source, &ends->destination, family, asked);
	if (verdict == NEXTHOP_FOUND && settings.nexthop_cache)
		note_way_out(current, answer, tag);
	return verdict;
}

/* Where answers with these ends go next: NEXTHOP_FOUND, or an XDP action. */
static __always_inline int find_way_out(struct xdp_md *ctx, const struct state *current, const struct answer *answer,
					__u32 place, __u32 tag, const struct ends *ends, __u32 family,
					const struct nexthop **found)
{
	__u32 number = answer->seen_way & NO_WAY_OUT;
	const struct way_out *way = way_out_at(number);
	int verdict;

	if (settings.nexthop_cache && way && is_answer_seen_now(current, answer)) {
		*found = &way->nexthop;
		trace_nexthop(*found);
		return NEXTHOP_FOUND;
	}
	verdict = ask_way_out(ctx, ends, family, place, tag);
	if (verdict != NEXTHOP_FOUND)
		return verdict;
	*found = asked_way();
	if (!*found)
		return XDP_DROP;
	trace_nexthop(*found);
	return NEXTHOP_FOUND;
}
