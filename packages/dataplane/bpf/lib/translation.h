/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * nat and fullnat: what a flow's packets become, in both directions. The record of a flow stands at the place that the
 * flow has in the flow table; both directions lead to each other.
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "checksum.h"
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

static __always_inline __u64 sum_of(const struct address *address)
{
	return (__u64)address->word[0] + address->word[1] + address->word[2] + address->word[3];
}

/* RFC 1624, equation 3: the sum of what comes in and of the complement of what goes. */
static __always_inline __u16 address_change(const struct address *source, const struct address *destination,
					    const struct address *new_source, const struct address *new_destination)
{
	__u64 sum = sum_of(new_source) + sum_of(new_destination);

	for (int i = 0; i < 4; i++)
		sum += (__u64)(__u32)~source->word[i] + (__u32)~destination->word[i];
	return folded(sum);
}

/* What a new flow of nat or fullnat becomes. */
struct new_translation {
	struct address local, backend;
	__u16 local_port, backend_port; /* host order */
	struct flow_key answer_key;
};

static __always_inline struct flow_key key_of_answer(const struct state *current, const struct packet *packet,
						     const struct new_translation *made)
{
	__u64 source[2], destination[2];
	__u32 ports = made->backend_port | (__u32)made->local_port << 16;

	__builtin_memcpy(source, &made->backend, sizeof(source));
	as_destination(destination, &made->local, packet->family);
	return flow_key(current->flow_keys, source, destination, ports, packet->protocol);
}

/*
 * Does no other flow get answers under this key? `closed_too`: one whose connection is closed gives way, though its backend may
 * have it in TIME-WAIT.
 */
SEPARATE int is_free(const struct packet *packet, struct new_translation *made, __u32 closed_too)
{
	const struct state *current = current_state();
	struct found_flow found = {};
	struct flow *other;
	__u32 other_place = 0;

	if (!packet || !made || !current)
		return 0;
	made->answer_key = key_of_answer(current, packet, made);
	if (!find_flow(made->answer_key, settings.translation_mask, &found))
		return 1;
	other = other_direction(found.place, found.value, &other_place);
	if (other && !is_over(current, other->value, found.value) &&
	    !(closed_too && state_of(other->value) == FLOW_CLOSE))
		return 0;
	forget_at(found.place, made->answer_key.tag, found.value);
	return 1;
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

static __always_inline void write_translation(struct translation *record, const struct address *source,
					      const struct address *destination, __u16 source_port,
					      __u16 destination_port, __u32 twin, __u32 is_answer, __u16 change)
{
	record->source = *source;
	record->destination = *destination;
	record->source_port = bpf_htons(source_port);
	record->destination_port = bpf_htons(destination_port);
	record->address_change = change;
	record->is_answer = is_answer;
	record->nexthop.stamp = 0;
	record->twin = twin;
}

/* The records of both directions. False: there is no place for one, or both have been given the same. */
SEPARATE int write_translations(const struct packet *packet, const struct new_translation *made, __u32 place,
				__u32 answer_place)
{
	struct translation *there = translation_at(place), *back = translation_at(answer_place);
	struct address client = {}, vip = {};
	__u16 change;

	if (!packet || !made || !there || !back || place == answer_place)
		return 0;
	address_from_source(&client, packet);
	address_from_destination(&vip, packet);
	change = address_change(&client, &vip, &made->local, &made->backend);
	write_translation(there, &made->local, &made->backend, made->local_port, made->backend_port, answer_place, 0,
			  change);
	write_translation(back, &vip, &client, packet->ports >> 16, packet->ports, place, 1, ~change);
	return 1;
}

/* Both directions get a place and a record. Returns CHOSEN with the place of the way there; else an XDP action. */
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

	answer_place = claim_seldom(made.answer_key.tag, settings.translation_mask,
				flow_value(choice->backend, backend->epoch, FLOW_ANSWER, current->now));
	if (answer_place == NO_PLACE)
		return drop(DROP_TABLE_FULL);
	choice->place = claim_packet(packet, choice->backend);
	if (!write_translations(packet, &made, choice->place, answer_place)) {
		unclaim(answer_place);
		if (choice->place != NO_PLACE)
			unclaim(choice->place);
		return drop(DROP_TABLE_FULL);
	}
	/* Only now can they be found: whoever finds one of the pair finds its record. */
	publish(answer_place, made.answer_key.tag);
	publish_packet(packet, choice->place);
	trace(TRACE_REMEMBERED, first_state(packet));
	return CHOSEN;
}
