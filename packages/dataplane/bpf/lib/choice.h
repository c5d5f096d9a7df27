/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
#include <linux/types.h>

/* What functions return that found a backend; else an XDP action. */
#define CHOSEN (-1)
/* The table does not know the flow. */
#define UNKNOWN (-2)
/* There is a backend, but no translation yet. */
#define UNTRANSLATED (-3)
/* The backend is another node, which may have the flow. */
#define ELSEWHERE (-4)

/* Hops to try after the first choice: slots of backends, 16 bits each, the next one lowest, then NO_BACKEND. */
#define HOPS_MAX 4
#define NO_HOPS 0x7fff7fff7fff7fffULL

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
	__u32 in_handshake; /* a SYN of the client, or the flow was in state syn before this packet */
};
