/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table: sets of four in one cache line, an array and no hash map of the kernel, so a lookup touches one line
 * and follows no pointer. A large table begins with near sets: as many as caches and TLB hold. A flow stands in its near
 * set, or, when that is full, in its far set, where one gives way (rank_of()); a number beside each near set says whether
 * anything is far. So what a packet costs follows how many flows there are, not how many there may be.
 *
 * CPUs don't wait for each other:
 *
 * - `value` changes by compare-and-swap, whole. Who changed it counts the connection; a count can't be missed or made twice.
 * - a place is given to another flow in three steps: tag = FLOW_BUSY, by compare-and-swap; the value exchanged (claim());
 *   tag = the new one (publish()). A reader looks at the tag again after the value.
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "events.h"
#include "hash.h"
#include "parse.h"
#include "service.h"
#include "settings.h"
#include "tables.h"

#define FLOW_BUSY 1
#define NO_PLACE 0xffffffff

#define EPOCH_MASK 0xfff

/* Of a value: backend 16 bits, epoch 12, state 4, due 10, told 1, last seen 21. Ticks wrap; times are compared by distance. */
#define DUE_SHIFT 32
#define DUE_MASK 0x3ff
#define VALUE_TOLD (1ULL << 42)
#define SEEN_SHIFT 43
#define SEEN_MASK 0x1fffff

/* Kinds of keys that are no connections. */
#define KEY_FRAGMENT 0x100 /* | protocol */
#define KEY_NETWORK 0x200
#define KEY_LOCALITY 0x300 /* | number of the replica */
#define KEY_STRANGER 0x400 /* | protocol */

static __always_inline __u64 flow_value(__u32 backend, __u32 epoch, enum flow_state state, __u32 now)
{
	return backend | (epoch & EPOCH_MASK) << 16 | (__u64)((__u32)state << 28) | (__u64)now << SEEN_SHIFT;
}

/* Not told, and due in so many ticks. */
static __always_inline __u64 due_in(__u64 value, __u32 now, __u32 ticks)
{
	return (value & ~((__u64)DUE_MASK << DUE_SHIFT | VALUE_TOLD)) | (__u64)((now + ticks) & DUE_MASK) << DUE_SHIFT;
}

/* Of a connection that begins. */
static __always_inline __u64 new_flow_value(const struct state *current, __u32 backend, __u32 epoch, enum flow_state state)
{
	return due_in(flow_value(backend, epoch, state, current->now), current->now, current->tell_after);
}

/* The same flow in another state; one that has ended is not told of any more. */
static __always_inline __u64 in_state(__u64 value, enum flow_state state)
{
	value = (value & ~(0xfULL << 28)) | (__u64)((__u32)state << 28);
	return state == FLOW_CLOSE ? value & ~VALUE_TOLD : value;
}

/* The same flow, seen now. */
static __always_inline __u64 seen_now(const struct state *current, __u64 value)
{
	return (value & ~((__u64)SEEN_MASK << SEEN_SHIFT)) | (__u64)current->now << SEEN_SHIFT;
}

static __always_inline __u32 backend_of(__u64 value)
{
	return value & 0xffff;
}

static __always_inline __u32 epoch_of(__u64 value)
{
	return value >> 16 & EPOCH_MASK;
}

static __always_inline __u32 state_of(__u64 value)
{
	return value >> 28 & 0xf;
}

static __always_inline int is_seen_now(const struct state *current, __u64 value)
{
	return value >> SEEN_SHIFT == (current->now & SEEN_MASK);
}

/* Ticks since the flow's last packet; 0, too, when another CPU's clock was faster. */
static __always_inline __u32 age_of(const struct state *current, __u64 value)
{
	__u32 age = (current->now - (__u32)(value >> SEEN_SHIFT)) & SEEN_MASK;

	return age > SEEN_MASK / 2 ? 0 : age;
}

static __always_inline int is_active(__u32 state)
{
	return state == FLOW_ESTABLISHED || state == FLOW_DATAGRAM || state == FLOW_OTHER;
}

static __always_inline int is_connection(__u32 state)
{
	return state >= FLOW_SYN && state <= FLOW_OTHER;
}

/* The backend that a flow was given; NULL when its slot belongs to another one by now. */
static __always_inline struct backend *backend_of_flow(__u64 value)
{
	__u32 slot = backend_of(value);
	struct backend *backend = bpf_map_lookup_elem(&backends, &slot);

	if (!backend || !backend->service || (backend->epoch & EPOCH_MASK) != epoch_of(value))
		return NULL;
	return backend;
}

static __always_inline int translates(const struct backend *backend)
{
	return backend->method >= METHOD_NAT;
}

/* Hysteresis of the two thresholds; races between CPUs are settled by the next connection. */
static __always_inline void set_overloaded(const struct backend *backend, struct connections *count)
{
	__u32 sum = count->active + count->inactive;

	if (sum >= backend->upper)
		count->overloaded = 1;
	else if (sum < backend->lower)
		count->overloaded = 0;
}

/* A connection of this value begins (+1) or ends (-1). */
static __always_inline void count_connection(__u64 value, int change)
{
	__u32 slot = backend_of(value);
	struct backend *backend;
	struct connections *count;

	if (!is_connection(state_of(value)))
		return;
	backend = backend_of_flow(value);
	count = bpf_map_lookup_elem(&connections, &slot);
	if (!backend || !count)
		return;
	if (is_active(state_of(value)))
		__sync_fetch_and_add(&count->active, change);
	else
		__sync_fetch_and_add(&count->inactive, change);
	if (backend->upper)
		set_overloaded(backend, count);
}

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

/* Sweeps that go by until a near set is known to have nothing far. */
#define OVERFLOW_SWEEPS 2

/* Is anything far, for all flows of this near set? NULL: there are no near sets. */
static __always_inline volatile __u32 *overflow_of(__u32 set)
{
	__u32 near = near_set(set), line = near / OVERFLOWS_PER_LINE;
	struct overflow_line *overflows = bpf_map_lookup_elem(&flow_overflows, &line);

	return overflows ? &overflows->sweeps[near % OVERFLOWS_PER_LINE] : NULL;
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
		volatile __u32 *overflow;

		if (find_in_set(near_set(key.set), key, found))
			return 1;
		overflow = overflow_of(key.set);
		if (!overflow || !*overflow)
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

/*
 * Has the flow ended, or its backend? A flow of nat or fullnat lives as long as its other direction does: then `other`
 * is the value of that.
 */
static __always_inline int is_over(const struct state *current, __u64 value, __u64 other)
{
	__u32 ticks;

	if (state_of(value) != FLOW_STRANGER && !backend_of_flow(value))
		return 1;
	ticks = lifetime(current, value);
	return is_older(current, value, ticks) && (!other || is_older(current, other, ticks));
}

/* The other direction of a flow that stands at `place`; NULL: it has none. */
static __always_inline struct flow *other_direction(__u32 place, __u64 value, __u32 *other_place)
{
	struct backend *backend = backend_of_flow(value);
	struct translation *here, *there;
	__u32 state = state_of(value);

	if (state > FLOW_ANSWER || !backend || !translates(backend))
		return NULL;
	here = translation_at(place);
	if (!here)
		return NULL;
	*other_place = here->twin;
	there = translation_at(here->twin);
	if (!there || there->twin != place)
		return NULL;
	return flow_at(here->twin);
}

/*
 * Takes a flow out, unless somebody else did, or it was seen since `value` was read. `place`: where it stands. `is_over`: user
 * space is told, if it was told of the flow; else it only gives way, and may come back.
 */
static __always_inline int forget(struct flow *flow, __u32 place, __u64 tag, __u64 value, __u32 is_over)
{
	if (tag <= FLOW_BUSY || __sync_val_compare_and_swap(&flow->tag, tag, FLOW_BUSY) != tag)
		return 0;
	if (__sync_val_compare_and_swap(&flow->value, value, 0) != value) {
		*(volatile __u64 *)&flow->tag = tag;
		return 0;
	}
	*(volatile __u64 *)&flow->tag = 0;
	count_connection(value, -1);
	if (value & VALUE_TOLD && is_over)
		tell_end(place, tag);
	return 1;
}

/* Takes out the flow that was found at a place with this tag and value, in both directions. */
SEPARATE int take_out(__u32 place, __u64 tag, __u64 value, __u32 is_over)
{
	struct flow *flow = flow_at(place), *other;
	struct translation *record;
	__u32 other_place = 0;

	if (!flow)
		return 0;
	other = other_direction(place, value, &other_place);
	if (!forget(flow, place, tag, value, is_over))
		return 0;
	if (!other)
		return 1;
	/* Whoever finds the other half after this finds no pair any more. */
	record = translation_at(place);
	if (record)
		record->twin = NO_PLACE;
	forget(other, other_place, *(volatile __u64 *)&other->tag, *(volatile __u64 *)&other->value, is_over);
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
	struct flow *flow = flow_at(place), *other;
	__u64 tag, value;
	__u32 other_place = 0;

	if (!current || !flow)
		return 0;
	tag = *(volatile __u64 *)&flow->tag;
	value = *(volatile __u64 *)&flow->value;
	if (tag <= FLOW_BUSY)
		return 0;
	other = other_direction(place, value, &other_place);
	if (state_of(value) == FLOW_ANSWER) {
		if (!other || !other->tag)
			forget(flow, place, tag, value, 1);
		return 0; /* the other one decides for both */
	}
	if (is_over(current, value, other ? other->value : 0))
		forget_at(place, tag, value);
	return 0;
}

/* How ready a flow is to give way: the longest silent first; before all others one that is over; then half-open ones. */
#define RANK_FREE (1u << 31)
#define RANK_OVER (1u << 30)
#define RANK_CHEAP (1u << 29)

static __always_inline __u32 rank_of(const struct state *current, __u64 tag, __u64 value)
{
	__u32 age = age_of(current, value), state = state_of(value), rank = age;

	if (!tag)
		return RANK_FREE;
	/* A flood of SYNs, of resets or of fragments pushes out its own. */
	if (state == FLOW_SYN || state == FLOW_CLOSE || state == FLOW_FRAGMENT)
		rank |= RANK_CHEAP;
	if (state != FLOW_ANSWER && state != FLOW_NETWORK && rank > current->timeout[state])
		rank |= age > current->timeout[state] ? RANK_OVER : 0;
	return rank;
}

/* The place in a set that a flow of this value may have. Fragments push out nothing but fragments. */
static __always_inline __u32 victim(const struct state *current, __u32 set, __u64 tag, __u64 value, __u32 least_rank)
{
	struct flow_set *ways = flow_set(set);
	__u32 best_rank = least_rank, best = NO_PLACE;

	if (!ways)
		return NO_PLACE;
	for (__u32 i = 0; i < FLOW_WAYS; i++) {
		/* Where all are equal, it is not always the same one that goes. */
		__u32 way = (i + (__u32)tag) & (FLOW_WAYS - 1);
		volatile struct flow *flow = &ways->way[way];
		__u64 its_value = flow->value, its_tag = flow->tag;
		__u32 rank = rank_of(current, its_tag, its_value);

		if (its_tag == FLOW_BUSY)
			continue;
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
		place = victim(current, near_set(key.set), key.tag, value, RANK_OVER);
	return place != NO_PLACE ? place : victim(current, far_set(key.set, mask), key.tag, value, 0);
}

/* Once the place is taken, and before it can be found: a sweep either sees it, or left the number as it is. */
static __always_inline void mark_overflow(__u32 set, __u32 place)
{
	volatile __u32 *overflow;

	if (!settings.near_sets || place < settings.near_sets * FLOW_WAYS)
		return;
	overflow = overflow_of(set);
	if (overflow)
		*overflow = OVERFLOW_SWEEPS;
}

/*
 * Takes a place for a flow that nobody can find yet: publish() does that. Returns it, or NO_PLACE when another CPU was
 * faster. Who has the place goes: one of a pair with its other half, anybody else by the exchange of the values.
 */
static __always_inline __u32 claim(const struct state *current, struct flow_key key, __u32 mask, __u64 value)
{
	__u32 place = place_for(current, key, mask, value);
	struct flow *flow = flow_at(place);
	__u64 old;

	if (place == NO_PLACE || !flow)
		return NO_PLACE;
	if (translation_at(place) && flow->tag > FLOW_BUSY)
		drop_at(place, *(volatile __u64 *)&flow->tag, *(volatile __u64 *)&flow->value);
	old = *(volatile __u64 *)&flow->tag;
	if (old == FLOW_BUSY || __sync_val_compare_and_swap(&flow->tag, old, FLOW_BUSY) != old)
		return NO_PLACE;
	mark_overflow(key.set, place);
	old = __sync_lock_test_and_set(&flow->value, value);
	if (old)
		count_connection(old, -1);
	count_connection(value, 1);
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
	count_connection(value, -1);
	*(volatile __u64 *)&flow->tag = 0;
	return 0;
}

/* A flow's value becomes another one of the same backend, if nobody was faster. */
static __always_inline int replace_value(struct flow *flow, __u32 place, __u64 old, __u64 value)
{
	if (__sync_val_compare_and_swap(&flow->value, old, value) != old)
		return 0;
	if (is_active(state_of(old)) != is_active(state_of(value))) {
		count_connection(old, -1);
		count_connection(value, 1);
	}
	if (old & VALUE_TOLD && !(value & VALUE_TOLD))
		tell_end(place, *(volatile __u64 *)&flow->tag);
	return 1;
}

static __always_inline __u32 first_state(const struct packet *packet)
{
	if (packet->protocol == IPPROTO_TCP) {
		if (packet->tcp_flags & TCP_RST)
			return FLOW_CLOSE;
		if (is_opening(packet->tcp_flags))
			return FLOW_SYN;
		return packet->tcp_flags & TCP_FIN ? FLOW_FIN_CLIENT : FLOW_ESTABLISHED;
	}
	return packet->protocol == IPPROTO_UDP ? FLOW_DATAGRAM : FLOW_OTHER;
}

static __always_inline struct flow_key key_of_packet(const struct state *current, const struct packet *packet)
{
	return flow_key(current->flow_keys, packet->source, packet->destination, packet->ports, packet->protocol);
}

static __always_inline struct flow_key key_of_fragments(const struct state *current, const struct packet *packet)
{
	/* RFC 8200, section 4.5: the identification counts for source and destination; RFC 791 names the protocol too. */
	__u32 protocol = packet->family == 4 ? packet->protocol : 0;

	return flow_key(current->flow_keys, packet->source, packet->destination, packet->fragment_id,
			KEY_FRAGMENT | protocol);
}

/* A place for the packet's flow, for this backend and in this state, that nobody can find yet. `mask`: of the sets it may be in. */
static __always_inline __u32 claim_for(const struct state *current, struct flow_key key, __u32 slot, __u32 state, __u32 mask)
{
	const struct backend *backend = bpf_map_lookup_elem(&backends, &slot);

	if (!backend)
		return NO_PLACE;
	return claim(current, key, mask, new_flow_value(current, slot, backend->epoch, state));
}

/* The packet's flow is remembered, for this backend and in this state, if there is a place. */
SEPARATE int remember_packet(const struct packet *packet, __u32 slot, __u32 state)
{
	const struct state *current = current_state();
	struct flow_key key;
	__u32 place;

	if (!packet || !current)
		return 0;
	key = key_of_packet(current, packet);
	place = claim_for(current, key, slot, state, settings.flow_mask);
	if (place != NO_PLACE)
		publish(place, key.tag);
	return 0;
}

/* The same for nat and fullnat, which have records to write before publish_packet(). */
SEPARATE __u32 claim_packet(const struct packet *packet, __u32 slot)
{
	const struct state *current = current_state();

	if (!packet || !current)
		return NO_PLACE;
	return claim_for(current, key_of_packet(current, packet), slot, first_state(packet), settings.translation_mask);
}

SEPARATE int publish_packet(const struct packet *packet, __u32 place)
{
	const struct state *current = current_state();

	if (packet && current)
		publish(place, key_of_packet(current, packet).tag);
	return 0;
}
