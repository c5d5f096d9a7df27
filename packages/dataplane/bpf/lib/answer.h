/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way back of nat and fullnat, from a backend to its client: docs/packet-path.md, section 5. */
#pragma once
#include "attempt.h"
#include "choose.h"
#include "ethernet.h"
#include "flow.h"
#include "forward.h"
#include "parse.h"
#include "see.h"
#include "tables.h"
#include "translation.h"

/* Later fragments are to find this way: the record of the flow is kept for them too. */
SEPARATE int remember_fragments(const struct packet *packet, const struct choice *choice)
{
	const struct state *current = current_state();
	struct translation *record, *copy;
	struct found_flow found = {};
	struct backend *backend;
	struct flow_key key;
	__u32 place;

	if (!packet || !choice || !current)
		return 0;
	backend = bpf_map_lookup_elem(&backends, &choice->backend);
	if (!backend)
		return 0;
	key = key_of_fragments(current, packet);
	if (find_flow(key, settings.translation_mask, &found))
		forget_at(found.place, key.tag, found.value);
	place = claim_seldom(key.tag, settings.translation_mask,
			     flow_value(choice->backend, backend->epoch, FLOW_FRAGMENT, current->now));
	if (place == NO_PLACE)
		return 0;
	copy = translation_at(place);
	if (translates(backend)) {
		record = translation_at(choice->place);
		if (record && copy)
			*copy = *record;
	} else if (copy && backend->method == METHOD_HOPS) {
		copy->hops = choice->hops;
	}
	publish(place, key.tag);
	return 0;
}

SEPARATE int send_answer(struct xdp_md *ctx, const struct packet *packet, const struct choice *choice, __u32 mss_clamp)
{
	const struct state *current = current_state();
	struct translation *record;
	struct backend_cpu *mine;
	int verdict;

	if (!packet || !choice || !current)
		return XDP_DROP;
	mine = counters_of(choice->backend);
	record = translation_at(choice->place);
	if (!record)
		return drop(DROP_NO_FLOW);
	verdict = find_nexthop(ctx, current, &record->source, &record->destination, packet->family, 1, &record->nexthop);
	if (verdict != NEXTHOP_FOUND)
		return verdict;
	if (packet->bytes > record->nexthop.mtu) {
		trace(TRACE_TOO_BIG, packet->bytes, record->nexthop.mtu);
		return send_error(ctx, packet, ICMP_ERROR_ANSWER_TOO_BIG, record->nexthop.mtu);
	}
	if (!take_hop(ctx, packet))
		return drop(DROP_NO_HEADROOM);
	if (mss_clamp && packet->tcp_flags & TCP_SYN)
		clamp_mss(ctx, packet, mss_clamp);
	verdict = translate(ctx, packet, record);
	if (verdict != WRITTEN)
		return verdict;
	verdict = write_plain(ctx, packet, &record->nexthop);
	if (verdict != WRITTEN)
		return verdict;
	if (mine) {
		mine->answer_packets++;
		mine->answer_bytes += packet->bytes;
	}
	return leave(ctx, &record->nexthop);
}

/*
 * Has the connection ended? How long it may be silent says its state, which stands with the way there: that is looked at
 * only when the answers alone have been silent for longer than the shortest of all times (timeout[FLOW_ANSWER]).
 */
static __always_inline int answer_is_over(const struct state *current, const struct found_flow *found)
{
	struct flow *there;
	__u32 place = 0;

	if (!backend_of_flow(found->value))
		return 1;
	if (!is_older(current, found->value, current->timeout[FLOW_ANSWER]))
		return 0;
	there = other_direction(found->place, found->value, &place);
	return !there || there->tag <= FLOW_BUSY || is_over(current, there->value, found->value);
}

/* Where the flow is that this packet is an answer of; NO_PLACE: none. */
SEPARATE __u32 place_of_answer(const struct packet *packet)
{
	const struct state *current = current_state();
	struct found_flow found = {};

	if (!packet || !current || !find_flow(key_of_packet(current, packet), settings.translation_mask, &found) ||
	    state_of(found.value) != FLOW_ANSWER || answer_is_over(current, &found))
		return NO_PLACE;
	return found.place;
}

/* The state of a connection stands with the way there; FIN and RST of the server change it. */
static __always_inline void see_answer(const struct state *current, struct flow *answer, __u32 place,
				       const struct translation *record, const struct packet *packet,
				       const struct service *service)
{
	__u64 seen = *(volatile __u64 *)&answer->value, value;
	struct flow *there;
	__u32 state, next;

	if (!is_seen_now(current, seen))
		replace_value(answer, place, seen, seen_now(current, seen));
	if (packet->protocol != IPPROTO_TCP || !(packet->tcp_flags & (TCP_FIN | TCP_RST)))
		return;
	there = flow_at(record->twin);
	if (!there || there->tag <= FLOW_BUSY)
		return;
	value = *(volatile __u64 *)&there->value;
	state = state_of(value);
	next = next_tcp_state(state, packet->tcp_flags, 1);
	if (state == next || backend_of(value) != backend_of(seen))
		return;
	if (replace_value(there, record->twin, value, in_state(value, next)) && state == FLOW_SYN && next == FLOW_CLOSE &&
	    service->flags & SERVICE_WATCHED)
		note_refusal(backend_of(value));
}

/* A packet for no service: perhaps an answer. UNKNOWN if it is of no flow. */
SEPARATE int forward_answer(struct xdp_md *ctx, struct packet *packet)
{
	const struct state *current = current_state();
	struct choice choice = {};
	struct translation *record;
	struct service *service;
	struct backend *backend;
	struct flow *answer;

	if (!packet || !current || !is_for_this_node(current, packet))
		return XDP_PASS;
	choice.place = place_of_answer(packet);
	answer = flow_at(choice.place);
	record = translation_at(choice.place);
	if (choice.place == NO_PLACE || !answer || !record)
		return UNKNOWN;
	choice.backend = backend_of(answer->value);
	backend = bpf_map_lookup_elem(&backends, &choice.backend);
	if (!backend)
		return XDP_PASS;
	choice.service = backend->service - 1;
	service = bpf_map_lookup_elem(&services, &choice.service);
	if (!service)
		return XDP_PASS;
	trace_ends(TRACE_ANSWER, record);
	if (packet->ttl <= 1)
		return send_error(ctx, packet, ICMP_ERROR_TIME_EXCEEDED, 0);
	see_answer(current, answer, choice.place, record, packet, service);
	if (packet->begins_fragments)
		remember_fragments(packet, &choice);
	return send_answer(ctx, packet, &choice, service->mss_clamp);
}
