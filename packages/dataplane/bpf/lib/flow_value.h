/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the table knows of a flow, in one word, and whose connections it counts. */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "tables.h"

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

/* The backend that had the slot in this epoch; NULL when the slot belongs to another one by now. */
static __always_inline struct backend *backend_of_epoch(__u32 slot, __u32 epoch)
{
	struct backend *backend = bpf_map_lookup_elem(&backends, &slot);

	if (!backend || !backend->service || (backend->epoch & EPOCH_MASK) != epoch)
		return NULL;
	return backend;
}

/* The backend that a flow was given, if it is still there. */
static __always_inline struct backend *backend_of_flow(__u64 value)
{
	return backend_of_epoch(backend_of(value), epoch_of(value));
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

/*
 * A connection of this value more (+1) or less (-1).
 * begun: the same, where it has begun; -1 takes that back; 0: only its state is another, or it ends
 */
static __always_inline void count_connection(__u64 value, int change, int begun)
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
	if (begun)
		__sync_fetch_and_add(&count->begun, begun);
	if (backend->upper)
		set_overloaded(backend, count);
}
