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

SEPARATE int forward_later_fragment(struct xdp_md *ctx, struct packet *packet)
{
	const struct state *current = current_state();
	struct found_flow found = {};
	struct choice choice = {};
	struct backend *backend;
	struct service *service;
	struct translation *record;

	if (!packet || !current)
		return XDP_PASS;
	if (!is_for_this_node(current, packet))
		return XDP_PASS;
	if (!find_flow(key_of_fragments(current, packet), settings.translation_mask, &found) ||
	    is_over(current, found.value, 0))
		return unreadable(packet, DROP_FRAGMENT_UNKNOWN);
	backend = backend_of_flow(found.value);
	if (!backend)
		return drop(DROP_FRAGMENT_UNKNOWN);
	choice.service = backend->service - 1;
	service = bpf_map_lookup_elem(&services, &choice.service);
	record = translation_at(found.place);
	if (!service || !record)
		return drop(DROP_FRAGMENT_UNKNOWN);
	if (packet->ttl <= 1)
		return drop(DROP_TTL_EXPIRED);
	choice.backend = backend_of(found.value);
	choice.place = found.place;
	if (translates(backend) && record->is_answer)
		return send_answer(ctx, current, packet, &choice, record, 0);
	choice.hash = flow_hash(service->hash_seed, packet->source, 0);
	return forward_seldom(ctx, packet, &choice);
}
