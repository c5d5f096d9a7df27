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
#include "flow_end.h"
#include "flow_find.h"
#include "flow_place.h"
#include "flow_value.h"
#include "hash.h"
#include "parse.h"
#include "settings.h"
#include "tables.h"

/* A flow's value becomes another one of the same backend, if nobody was faster. */
static __always_inline int replace_value(struct flow *flow, __u32 place, __u64 old, __u64 value)
{
	if (__sync_val_compare_and_swap(&flow->value, old, value) != old)
		return 0;
	if (is_active(state_of(old)) != is_active(state_of(value))) {
		count_connection(old, -1, 0);
		count_connection(value, 1, 0);
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
	trace(TRACE_REMEMBERED, state);
	key = key_of_packet(current, packet);
	place = claim_for(current, key, slot, state, settings.flow_mask);
	if (place != NO_PLACE)
		publish(place, key.tag);
	return 0;
}

/* The same for nat and fullnat, which have more to write before publish_packet(). */
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
