/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Signs in the traffic that a backend does not answer, of services that are watched: docs/health.md, "Signs in the traffic".
 * Only SYNs come here. A client sends the same SYN again when nobody answered the first one, after a second and then later
 * and later (RFC 6298, section 2). Which SYNs there were is known for a while, in sets of eight to a cache line, however many
 * come: a flood pushes out what was seen, and then less is found out, never more.
 *
 * The same SYN within a tick is a copy that some switch or cable made: no client is so quick. One after a refusal is an attempt
 * of its own, for the first one has failed already.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/tcp.h>
#include <bpf/bpf_helpers.h>
#include "choice.h"
#include "count.h"
#include "flow.h"
#include "hash.h"
#include "parse.h"
#include "service.h"
#include "tables.h"

/* One cache line each, 1 MiB: of 40,000 new connections a second, each is known for 3 s. A power of two. */
#define SYN_SETS 16384
#define SYN_WAYS 8
/* Ticks from one SYN to the next of the same connection: most clients give up before they would wait longer. */
#define SYN_KNOWN_TICKS 32

struct seen_syn {
	__u32 tag; /* of flow, sequence number and backend; 0: none */
	__u16 tick;
	__u16 was_repeated; /* and counted as unanswered */
};

struct syn_set {
	struct seen_syn way[SYN_WAYS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SYN_SETS);
	__type(key, __u32);
	__type(value, struct syn_set);
} seen_syns SEC(".maps");

static __always_inline struct attempts *attempts_of(__u32 slot)
{
	return bpf_map_lookup_elem(&attempts, &slot);
}

/* Of a packet that has a whole TCP header. */
static __always_inline int sequence_number(struct xdp_md *ctx, const struct packet *packet, __u32 *number)
{
	const void *start = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const struct tcphdr *tcp = start + (packet->l4 & OFFSET_MASK);

	if ((const void *)(tcp + 1) > end)
		return 0;
	*number = tcp->seq;
	return 1;
}

/* The same SYN to another backend is another attempt: who did not answer the first is not to be blamed on who gets the second. */
static __always_inline __u64 hash_of_attempt(const struct state *current, const struct packet *packet, __u32 sequence,
					     __u32 slot, __u32 epoch)
{
	return mix(key_of_packet(current, packet).tag, (__u64)epoch << 32 | slot, sequence);
}

/* A SYN that goes to the backend that was chosen: the first of its connection, or one more. */
SEPARATE int note_attempt(struct xdp_md *ctx, const struct packet *packet, const struct choice *choice)
{
	const struct state *current = current_state();
	struct seen_syn *oldest;
	struct attempts *count;
	struct backend *backend;
	struct syn_set *ways;
	__u32 set, tag, sequence = 0;
	__u64 hash;
	__u16 now;

	if (!packet || !choice || !current || !sequence_number(ctx, packet, &sequence))
		return 0;
	backend = bpf_map_lookup_elem(&backends, &choice->backend);
	count = attempts_of(choice->backend);
	if (!backend || !count)
		return 0;
	hash = hash_of_attempt(current, packet, sequence, choice->backend, backend->epoch);
	tag = (__u32)hash | 1;
	set = hash >> 32 & (SYN_SETS - 1);
	now = current->now;
	ways = bpf_map_lookup_elem(&seen_syns, &set);
	if (!ways)
		return 0;
	oldest = &ways->way[0];
	for (__u32 i = 0; i < SYN_WAYS; i++) {
		struct seen_syn *syn = &ways->way[i];

		if (syn->tag == tag && (__u16)(now - syn->tick) <= SYN_KNOWN_TICKS) {
			if (choice->was_closed) {
				oldest = syn;
				break;
			}
			if (syn->tick == now)
				return 0;
			if (!syn->was_repeated)
				__sync_fetch_and_add(&count->unanswered, 1);
			syn->was_repeated = 1;
			syn->tick = now;
			return 0;
		}
		if (oldest->tag && (!syn->tag || (__u16)(now - syn->tick) > (__u16)(now - oldest->tick)))
			oldest = syn;
	}
	oldest->tag = tag;
	oldest->tick = now;
	oldest->was_repeated = 0;
	__sync_fetch_and_add(&count->tried, 1);
	return 0;
}

/* The backend answered a SYN with RST. */
static __always_inline void note_refusal(__u32 slot)
{
	struct attempts *count = attempts_of(slot);

	if (count)
		__sync_fetch_and_add(&count->refused, 1);
}
