/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way back of nat and fullnat, from a backend to its client: docs/packet-path.md, section 5. */
#pragma once
#include "attempt.h"
#include "choose.h"
#include "ends.h"
#include "ethernet.h"
#include "flow.h"
#include "forward.h"
#include "parse.h"
#include "see.h"
#include "tables.h"
#include "translation.h"
#include "way_out.h"

/* By itself: what it takes of the stack is free again for remember_fragments(). */
SEPARATE __u64 tag_of_fragments(const struct packet *packet)
{
	const struct state *current = current_state();

	return packet && current ? key_of_fragments(current, packet).tag : 0;
}

/* Later fragments are to find this way. `is_answer`: `choice->place` is one in the table of answers. */
SEPARATE int remember_fragments(const struct packet *packet, const struct choice *choice, __u32 is_answer)
{
	const struct state *current = current_state();
	struct found_flow found = {};
	struct translation *copy;
	struct backend *backend;
	__u32 place;
	__u64 tag;

	if (!packet || !choice || !current)
		return 0;
	backend = bpf_map_lookup_elem(&backends, &choice->backend);
	if (!backend)
		return 0;
	tag = tag_of_fragments(packet);
	if (find_flow(key_of_tag(tag), settings.translation_mask, &found))
		forget_at(found.place, tag, found.value);
	place = claim_seldom(tag, settings.translation_mask,
			     flow_value(choice->backend, backend->epoch, FLOW_FRAGMENT, current->now));
	copy = translation_at(place);
	if (!copy) {
		unclaim(place);
		return 0;
	}
	if (backend->method == METHOD_HOPS) {
		copy->hops = choice->hops;
	} else if (translates(backend) && !copy_translation(place, choice->place, is_answer, choice->hash, tag)) {
		unclaim(place);
		return 0;
	}
	publish(place, tag);
	return 0;
}

/* `choice->place`: in the table of answers; `choice->hash`: lower half of the tag that it was found by. */
SEPARATE int send_answer(struct xdp_md *ctx, const struct packet *packet, const struct choice *choice, __u32 mss_clamp)
{
	const struct state *current = current_state();
	const struct nexthop *nexthop;
	const struct answer *answer;
	struct backend_cpu *mine;
	struct ends ends = {};
	int verdict;

	if (!packet || !choice || !current)
		return XDP_DROP;
	mine = counters_of(choice->backend);
	answer = answer_at(choice->place);
	if (!answer)
		return drop(DROP_NO_FLOW);
	ends_of_answer(&ends, answer, choice->place, packet->family);
	verdict = find_way_out(ctx, current, answer, choice->place, choice->hash, &ends, packet->family, &nexthop);
	if (verdict != NEXTHOP_FOUND)
		return verdict;
	/* Was the place somebody else's before all of this was read? */
	if ((__u32)*(volatile __u64 *)&answer->tag != choice->hash)
		return drop(DROP_NO_FLOW);
	if (packet->bytes > nexthop->mtu) {
		trace(TRACE_TOO_BIG, packet->bytes, nexthop->mtu);
		return send_error(ctx, packet, ICMP_ERROR_ANSWER_TOO_BIG, nexthop->mtu);
	}
	if (!take_hop(ctx, packet))
		return drop(DROP_NO_HEADROOM);
	if (mss_clamp && packet->tcp_flags & TCP_SYN)
		clamp_mss(ctx, packet, mss_clamp);
	verdict = translate(ctx, packet, &ends);
	if (verdict != WRITTEN)
		return verdict;
	verdict = write_plain(ctx, packet, nexthop);
	if (verdict != WRITTEN)
		return verdict;
	if (mine) {
		mine->answer_packets++;
		mine->answer_bytes += packet->bytes;
	}
	return leave(ctx, nexthop);
}

/*
 * Has the connection ended? How long it may be silent says its state, which stands with the flow: that is looked at only
 * when the answers alone have been silent for longer than the shortest of all times (timeout[FLOW_ANSWER]).
 */
static __always_inline int answer_is_over(const struct state *current, __u32 place, const struct answer *answer)
{
	struct flow *flow;

	if (!backend_of_answer(answer))
		return 1;
	if (age_of_answer(current, answer) <= current->timeout[FLOW_ANSWER])
		return 0;
	flow = flow_of_answer(place, answer);
	return !flow || is_over_in_both(current, answer->place, *(volatile __u64 *)&flow->value);
}

/*
 * Is the packet an answer? `choice->place` says where its way back stands, and `choice->hash` by what tag it was found there: its
 * lower half.
 */
SEPARATE int find_way_back(const struct packet *packet, struct choice *choice)
{
	const struct state *current = current_state();
	const struct answer *answer;
	struct flow_key key;

	if (!packet || !choice || !current)
		return 0;
	key = key_of_packet(current, packet);
	choice->hash = key.tag;
	choice->place = find_answer(key);
	answer = answer_at(choice->place);
	return answer && !answer_is_over(current, choice->place, answer);
}

/* The state of a connection stands with the flow; FIN and RST of the server change it. */
static __always_inline void see_answer(const struct state *current, struct answer *answer, __u32 place,
				       const struct packet *packet, const struct service *service)
{
	struct flow *flow;
	__u32 state, next;
	__u64 value;

	if (!is_answer_seen_now(current, answer))
		answer->seen_way = seen_unasked(current->now);
	if (packet->protocol != IPPROTO_TCP || !(packet->tcp_flags & (TCP_FIN | TCP_RST)))
		return;
	flow = flow_of_answer(place, answer);
	if (!flow || flow->tag <= FLOW_BUSY)
		return;
	value = *(volatile __u64 *)&flow->value;
	state = state_of(value);
	next = next_tcp_state(state, packet->tcp_flags, 1);
	if (state == next || !is_connection(state) || backend_of(value) != answer->backend)
		return;
	if (replace_value(flow, answer->place, value, in_state(value, next)) && state == FLOW_SYN && next == FLOW_CLOSE &&
	    service->flags & SERVICE_WATCHED)
		note_refusal(backend_of(value));
}

/* A packet for no service: perhaps an answer. UNKNOWN if it is of no flow. */
SEPARATE int forward_answer(struct xdp_md *ctx, struct packet *packet)
{
	const struct state *current = current_state();
	struct choice choice = {};
	struct service *service;
	struct backend *backend;
	struct answer *answer;

	if (!packet || !current || !is_for_this_node(current, packet))
		return XDP_PASS;
	if (!find_way_back(packet, &choice))
		return UNKNOWN;
	answer = answer_at(choice.place);
	if (!answer)
		return UNKNOWN;
	choice.backend = answer->backend;
	backend = bpf_map_lookup_elem(&backends, &choice.backend);
	if (!backend)
		return XDP_PASS;
	choice.service = backend->service - 1;
	service = bpf_map_lookup_elem(&services, &choice.service);
	if (!service)
		return XDP_PASS;
	trace_answer(choice.place, packet->family);
	if (packet->ttl <= 1)
		return send_error(ctx, packet, ICMP_ERROR_TIME_EXCEEDED, 0);
	see_answer(current, answer, choice.place, packet, service);
	if (packet->begins_fragments)
		remember_fragments(packet, &choice, 1);
	return send_answer(ctx, packet, &choice, service->mss_clamp);
}
