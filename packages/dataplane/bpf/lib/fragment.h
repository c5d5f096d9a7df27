/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fragments of one packet go one way: the first one shows it, the others are found by the packet's identification. */
#pragma once
#include "answer.h"
#include "choose.h"
#include "flow.h"
#include "forward.h"
#include "guard.h"
#include "parse.h"
#include "service.h"
#include "tables.h"

/* Where the table has what the first fragment showed; NO_PLACE: it has nothing. */
SEPARATE __u32 place_of_fragments(const struct packet *packet)
{
	const struct state *current = current_state();
	struct found_flow found = {};

	if (!packet || !current || !find_flow(key_of_fragments(current, packet), settings.translation_mask, &found) ||
	    is_over(current, found.value))
		return NO_PLACE;
	return found.place;
}

/* Hops are kept for longer than a slot rests: the list ends where one is another service's by now. */
static __always_inline __u64 hops_in_force(__u64 hops, const struct backend *first)
{
	for (__u32 i = 0; i < HOPS_MAX; i++) {
		__u32 slot = slot_at(hops, i);
		const struct backend *backend = bpf_map_lookup_elem(&backends, &slot);

		if (!backend || backend->service != first->service || backend->outer_family != first->outer_family)
			hops = with_slot(hops, i, NO_BACKEND);
	}
	return hops;
}

SEPARATE int forward_later_fragment(struct xdp_md *ctx, struct packet *packet)
{
	const struct state *current = current_state();
	struct choice choice = {};
	struct backend *backend;
	struct service *service;
	const struct translation *there;
	struct flow *flow;

	if (!packet || !current || !is_for_this_node(current, packet))
		return XDP_PASS;
	choice.place = place_of_fragments(packet);
	flow = flow_at(choice.place);
	there = translation_at(choice.place);
	trace(TRACE_FRAGMENT, choice.place != NO_PLACE && flow && there);
	if (choice.place == NO_PLACE || !flow || !there)
		return unreadable(packet, DROP_FRAGMENT_UNKNOWN);
	choice.backend = backend_of(flow->value);
	backend = bpf_map_lookup_elem(&backends, &choice.backend);
	if (!backend)
		return drop(DROP_FRAGMENT_UNKNOWN);
	choice.service = backend->service - 1;
	service = bpf_map_lookup_elem(&services, &choice.service);
	if (!service)
		return drop(DROP_FRAGMENT_UNKNOWN);
	if (packet->ttl <= 1)
		return drop(DROP_TTL_EXPIRED);
	if (translates(backend) && there->is_answer) {
		choice.place = there->answer;
		choice.hash = tag_of_fragments(packet);
		trace_answer(choice.place, packet->family);
		return send_answer(ctx, packet, &choice, 0);
	}
	if (backend->method == METHOD_HOPS)
		choice.hops = hops_in_force(there->hops, backend);
	choice.hash = flow_hash(service->hash_seed, packet->source, 0);
	return forward(ctx, packet, &choice, 0);
}
