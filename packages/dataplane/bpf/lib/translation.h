/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * nat and fullnat: what a flow's packets become, in both directions. What it takes towards the backend stands at the place that
 * the flow has in the flow table, the way back in the table of answers; each leads to the other.
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "answer_place.h"
#include "choice.h"
#include "flow.h"
#include "parse.h"
#include "tables.h"

#define LOCAL_PORTS_TRIED 16

/* Where an answer would carry this address: as struct packet has it. */
static __always_inline void as_destination(__u64 destination[2], const struct address *address, __u8 family)
{
	if (family == 4) {
		destination[0] = 0;
		destination[1] = mapped_ipv4(address->word[0]);
	} else {
		__builtin_memcpy(destination, address, sizeof(*address));
	}
}

/* What a new flow of nat or fullnat becomes. */
struct new_translation {
	struct address local, backend;
	__u16 local_port, backend_port; /* host order */
	struct flow_key answer_key;
};

/* By itself: what it takes of the stack is free again for those who forget other flows. */
SEPARATE int note_answer_key(const struct packet *packet, struct new_translation *made)
{
	const struct state *current = current_state();
	__u64 source[2], destination[2];
	__u32 ports;

	if (!packet || !made || !current)
		return 0;
	ports = made->backend_port | (__u32)made->local_port << 16;
	__builtin_memcpy(source, &made->backend, sizeof(source));
	as_destination(destination, &made->local, packet->family);
	made->answer_key = flow_key(current->flow_keys, source, destination, ports, packet->protocol);
	return 0;
}

/*
 * Does no other flow get answers under this key? `closed_too`: one whose connection is closed gives way, though its backend may
 * have it in TIME-WAIT.
 */
SEPARATE int is_free(const struct packet *packet, struct new_translation *made, __u32 closed_too)
{
	const struct state *current = current_state();
	struct answer *other;
	__u64 value, tag;
	struct flow *flow;
	__u32 place;

	if (!packet || !made || !current)
		return 0;
	note_answer_key(packet, made);
	place = find_answer(made->answer_key);
	other = answer_at(place);
	if (!other)
		return 1;
	tag = *(volatile __u64 *)&other->tag;
	flow = flow_of_answer(place, other);
	if (!flow) {
		forget_answer(other, tag);
		return 1;
	}
	value = *(volatile __u64 *)&flow->value;
	if (!is_over_in_both(current, other->place, value) && !(closed_too && state_of(value) == FLOW_CLOSE))
		return 0;
	return forget_at(other->place, *(volatile __u64 *)&flow->tag, value);
}

/* fullnat: an address and port of this node that this backend does not talk to. */
SEPARATE int take_local_port(const struct packet *packet, struct new_translation *made, __u32 hash)
{
	const struct state *current = current_state();
	__u32 pool, number, ports;

	if (!packet || !made || !current)
		return 0;
	pool = packet->family == 4 ? 0 : 1;
	ports = current->local_ports;
	number = row_of(hash, current->local_count[pool]) & (LOCAL_ADDRESSES_MAX - 1);
	if (!current->local_count[pool] || !ports)
		return 0;
	made->local = current->local_address[pool][number];
	for (__u32 i = 0; i < LOCAL_PORTS_TRIED; i++) {
		made->local_port = current->local_first + ((hash & 0xffff) + i) % ports;
		if (is_free(packet, made, 0))
			return 1;
	}
	return 0;
}

/* What both directions need. False: there is no place for one of them. */
SEPARATE int write_translation(const struct packet *packet, const struct new_translation *made, __u32 slot, __u32 place,
			       __u32 answer_place)
{
	const struct state *current = current_state();
	const struct backend *backend = bpf_map_lookup_elem(&backends, &slot);
	struct translation *there = translation_at(place);
	struct answer *answer = answer_at(answer_place);
	struct answer_addresses *addresses = addresses_at(answer_place);

	if (!packet || !made || !current || !backend || !there || !answer || !addresses)
		return 0;
	there->answer = answer_place;
	there->local_port = bpf_htons(made->local_port);
	there->is_answer = 0;
	there->local = made->local.word[0];
	answer->place = place;
	answer->seen_way = seen_unasked(current->now);
	answer->backend = slot;
	answer->epoch = backend->epoch & EPOCH_MASK;
	answer->client_port = bpf_htons(packet->ports);
	answer->vip_port = bpf_htons(packet->ports >> 16);
	if (packet->family == 4) {
		answer->client = packet->source[0];
		answer->vip = packet->destination[1] >> 32;
		return 1;
	}
	address_from_source(&addresses->client, packet);
	address_from_destination(&addresses->vip, packet);
	addresses->local = made->local;
	return 1;
}

/* Both directions get a place. Returns CHOSEN with the flow's; else an XDP action. */
SEPARATE int begin_translation(const struct packet *packet, struct choice *choice)
{
	const struct state *current = current_state();
	struct new_translation made = {};
	struct backend *backend;
	__u32 answer_place;

	if (!packet || !choice || !current)
		return XDP_DROP;
	backend = bpf_map_lookup_elem(&backends, &choice->backend);
	if (!backend)
		return drop(DROP_NO_BACKEND);
	made.backend = backend->destination;
	made.backend_port = backend->port ? bpf_ntohs(backend->port) : packet->ports >> 16;
	if (backend->method == METHOD_NAT) {
		address_from_source(&made.local, packet);
		made.local_port = packet->ports;
		/* The same port of the client, now to another port of the VIP: there is no other to take. */
		if (!is_free(packet, &made, 1))
			return drop(DROP_NO_LOCAL_PORT);
	} else if (!take_local_port(packet, &made, choice->hash)) {
		return drop(DROP_NO_LOCAL_PORT);
	}

	answer_place = claim_answer(made.answer_key.tag, 0);
	if (answer_place == NO_PLACE)
		return drop(DROP_TABLE_FULL);
	choice->place = claim_packet(packet, choice->backend);
	if (!write_translation(packet, &made, choice->backend, choice->place, answer_place)) {
		unclaim_answer(answer_place);
		if (choice->place != NO_PLACE)
			unclaim(choice->place);
		return drop(DROP_TABLE_FULL);
	}
	/* Only now can they be found: whoever finds one finds all that there is to know. */
	if (!publish_alone(answer_place, made.answer_key.tag)) {
		unclaim(choice->place);
		return drop(DROP_NO_LOCAL_PORT);
	}
	publish_packet(packet, choice->place);
	trace(TRACE_REMEMBERED, first_state(packet));
	return CHOSEN;
}
