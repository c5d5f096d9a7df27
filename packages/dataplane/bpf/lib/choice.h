/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
#include <linux/types.h>
#include "tables.h"

/* What functions return that found a backend; else an XDP action. */
#define CHOSEN (-1)
/* The table does not know the flow. */
#define UNKNOWN (-2)
/* There is a backend, but no translation yet. */
#define UNTRANSLATED (-3)
/* The backend is another node, which may have the flow. */
#define ELSEWHERE (-4)
/* There is a backend, and user space is to be told of the flow, which not every program has room for. */
#define TO_BE_TOLD (-6)

/* Slots of backends in turn, 16 bits each, the first one lowest, then NO_BACKEND: the choices of a row, or hops to try. */
#define HOPS_MAX 4
#define NO_HOPS 0x7fff7fff7fff7fffULL
#define SLOT_BITS 16
#define SLOT_MASK 0xffff

static __always_inline __u32 slot_at(__u64 slots, __u32 position)
{
	return slots >> position * SLOT_BITS & SLOT_MASK;
}

static __always_inline __u64 with_slot(__u64 slots, __u32 position, __u32 slot)
{
	slots &= ~((__u64)SLOT_MASK << position * SLOT_BITS);
	return slots | (__u64)slot << position * SLOT_BITS;
}

static __always_inline __u64 after_first(__u64 slots)
{
	return with_slot(slots >> SLOT_BITS, HOPS_MAX - 1, NO_BACKEND);
}

static __always_inline __u32 hop_count(__u64 hops)
{
	__u32 count = 0;

	while (count < HOPS_MAX && slot_at(hops, count) != NO_BACKEND)
		count++;
	return count;
}

/*
 * What is asked (the first), and what was decided. `place` leads to the translation of nat and fullnat; a table of
 * choices has neither that nor rows of this kind, but hops: in the same room, because stacks are small.
 */
struct choice {
	__u32 service; /* index */
	__u32 hash;    /* of the flow */
	union {
		struct {
			__u32 row; /* that the hash points at */
			__u32 place;
		};
		__u64 hops; /* METHOD_HOPS */
	};
	__u32 backend;
	__u16 in_handshake; /* a SYN of the client, or the flow was in state syn before this packet */
	__u16 was_closed;   /* the flow was in state close before this packet */
};
