/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a service and a packet to a backend: docs/packet-path.md, section 3. */
#pragma once
#include "choice.h"
#include "choices.h"
#include "flow.h"
#include "guard.h"
#include "hash.h"
#include "parse.h"
#include "pick.h"
#include "see.h"
#include "tables.h"
#include "translation.h"

static __always_inline int begins_flow(const struct packet *packet)
{
	return packet->protocol != IPPROTO_TCP || is_opening(packet->tcp_flags);
}

/* May a new flow be begun with begin_flow(), which asks no more than the service's rows? */
static __always_inline int begins_simply(const struct state *current, const struct service *service,
					 const struct packet *packet)
{
	return begins_flow(packet) && service->flags == SERVICE_REMEMBERS && !service->persistence &&
	       service->pick != PICK_LOCALITY && !current->owners &&
	       !(current->features & (FEATURE_RATES | FEATURE_DATAGRAMS));
}

/* Picks and remembers. Numbers alone, so that the caller's packet stays in registers. Returns the slot, or NO_BACKEND. */
SEPARATE __u32 begin_flow(__u64 tag, __u32 set, __u32 service_index, __u32 row, __u32 state)
{
	struct state *current = current_state();
	struct service *service = bpf_map_lookup_elem(&services, &service_index);
	struct backend *backend;
	__u32 slot;

	if (!current || !service)
		return NO_BACKEND;
	slot = pick_by_row(service, service_index, row);
	backend = bpf_map_lookup_elem(&backends, &slot);
	if (slot == NO_BACKEND || !backend)
		return NO_BACKEND;
	trace(TRACE_REMEMBERED, state);
	remember(current, (struct flow_key){ .tag = tag, .set = set }, new_flow_value(current, slot, backend->epoch, state));
	return slot;
}

/*
 * The state of a flow that nobody knows, and that a segment begins nevertheless: a flood of such is the first to give way. A
 * client that lives sends the next one.
 */
static __always_inline __u32 state_of_unknown(const struct packet *packet)
{
	__u32 state = first_state(packet);

	return packet->protocol == IPPROTO_TCP && state != FLOW_CLOSE ? FLOW_SYN : state;
}

/*
 * A flow that the table does not know, of a service or a row that wants to know it. `is_settled`: and nobody else knows it
 * either, as far as user space could find out.
 */
SEPARATE int choose_new(const struct packet *packet, struct choice *choice, __u32 is_settled)
{
	struct state *current = current_state();
	struct service *service;
	int needs_flow, begins;
	__u32 state;

	if (!packet || !choice || !current)
		return XDP_DROP;
	service = bpf_map_lookup_elem(&services, &choice->service);
	if (!service)
		return drop(DROP_NO_BACKEND);
	state = is_settled ? state_of_unknown(packet) : first_state(packet);
	if (!(service->flags & SERVICE_REMEMBERS)) {
		/* A kept row: `choice` holds its backend. */
		if (choice->backend != NO_BACKEND && (is_settled || node_may_remember(current)))
			remember_packet(packet, choice->backend, state);
		return CHOSEN;
	}
	needs_flow = service->flags & SERVICE_TRANSLATES;
	begins = begins_flow(packet);
	if (!begins && needs_flow)
		return drop(DROP_NO_FLOW);
	if (begins && current->features & FEATURE_RATES) {
		if (!source_may_open(packet))
			return drop(DROP_SOURCE_RATE);
		if (!node_may_remember(current)) {
			if (needs_flow)
				return drop(DROP_FLOW_RATE);
			begins = 0;
		}
	}
	if (!begins) {
		look_at_row(service, table_of(service), packet, choice);
		/* Nobody knows it: one packet asked for all. */
		if (choice->backend != NO_BACKEND && is_settled)
			remember_packet(packet, choice->backend, state);
		return CHOSEN;
	}
	choice->backend = service->persistence ? pick_for_network(current, service, packet, choice) :
						 pick(service, packet, choice);
	choice->in_handshake = 1;
	choice->was_closed = 0;
	if (choice->backend == NO_BACKEND)
		return drop(DROP_NO_BACKEND);
	if (needs_flow)
		return UNTRANSLATED;
	remember_packet(packet, choice->backend, state);
	return CHOSEN;
}

/* Does the table know this flow, and is it still true? */
static __always_inline int knows_flow(const struct state *current, __u32 service_index, struct flow_key key, __u32 mask,
				      struct found_flow *found)
{
	if (!find_flow(key, mask, found))
		return 0;
	if (is_of_service(found->value, service_index) &&
	    (!is_older(current, found->value, current->timeout[state_of(found->value)]) ||
	     !is_over_in_both(current, found->place, found->value)))
		return 1;
	forget_at(found->place, key.tag, found->value);
	return 0;
}

#define RECALL_TRANSLATED 1 /* the flow is one of nat or fullnat */
#define RECALL_UNSEEN 2     /* the packet is only about the flow: its state and age stay */
#define RECALL_TELLS 4      /* this program has room to tell user space */
#define RECALL_KEPT 8       /* `choice` holds the row's backend, which is enough to find the flow anywhere unless it has another */

/* What the table knows of the packet's flow: CHOSEN or UNKNOWN; TO_BE_TOLD: CHOSEN, by the program that can tell. */
static __always_inline int recall(const struct state *current, const struct packet *packet, struct choice *choice,
				  __u32 how)
{
	__u32 mask = how & RECALL_TRANSLATED ? settings.translation_mask : settings.flow_mask;
	struct found_flow found = {};
	int is_shared;

	if (!knows_flow(current, choice->service, key_of_packet(current, packet), mask, &found)) {
		trace(TRACE_FLOW, 0);
		return UNKNOWN;
	}
	trace(TRACE_FLOW, 1, found.value, age_of(current, found.value));
	is_shared = !(how & RECALL_KEPT) || choice->backend != backend_of(found.value);
	if (!(how & RECALL_UNSEEN) && see_flow(current, &found, packet, is_shared, how & RECALL_TELLS) == DUE)
		return TO_BE_TOLD;
	choice->backend = backend_of(found.value);
	choice->place = found.place;
	choice->in_handshake = state_of(found.value) == FLOW_SYN || is_opening(packet->tcp_flags);
	choice->was_closed = state_of(found.value) == FLOW_CLOSE;
	return CHOSEN;
}

/* The row's flows are remembered, because a change of members moves the row, or has. `choice` holds the row's backend. */
static __always_inline int recall_kept(const struct state *current, const struct packet *packet, struct choice *choice,
				       __u32 how)
{
	__u32 of_row = choice->backend, line = choice->row / USES_PER_LINE;
	struct use_line *uses;
	int verdict = recall(current, packet, choice, how | RECALL_KEPT);

	if (verdict != CHOSEN)
		return verdict;
	uses = bpf_map_lookup_elem(&uses_of_rows, &line);
	if (uses && choice->backend != of_row && !uses->used[choice->row % USES_PER_LINE])
		uses->used[choice->row % USES_PER_LINE] = 1;
	return CHOSEN;
}

/*
 * What the tables know of a packet: CHOSEN, or UNKNOWN where a flow would have to be remembered first. `seldom`: in the
 * program for what is not common, which has room to tell user space, and sees services that hash other fields than before.
 */
static __always_inline int choose_known(const struct state *current, const struct service *service,
					const struct packet *packet, struct choice *choice, const int seldom)
{
	const __u32 tells = seldom ? RECALL_TELLS : 0;
	__u64 table = table_of(service);

	if (is_of_choices(table)) {
		look_at_choices(service, table, packet, choice);
		if (seldom && has_alternative(service))
			add_alternatives(service, table, packet, choice);
		trace(TRACE_CHOICES, choice->backend, choice->hops);
		return CHOSEN;
	}
	choice->hash = flow_hash(service->hash_seed, packet->source, packet->ports);
	if (!(service->flags & SERVICE_REMEMBERS))
		return look_at_row(service, table, packet, choice) ? recall_kept(current, packet, choice, tells) : CHOSEN;
	/* The program for common packets never sees those of nat. */
	return recall(current, packet, choice,
		      tells | (seldom && service->flags & SERVICE_TRANSLATES ? RECALL_TRANSLATED : 0));
}

SEPARATE int choose_known_seldom(const struct packet *packet, struct choice *choice)
{
	const struct state *current = current_state();
	const struct service *service;

	if (!packet || !choice || !current)
		return XDP_DROP;
	service = bpf_map_lookup_elem(&services, &choice->service);
	return service ? choose_known(current, service, packet, choice, 1) : drop(DROP_NO_BACKEND);
}

/*
 * Of the flow that an error quotes: nothing is remembered for it, and the flow is not seen. UNKNOWN: no flow, and `choice`
 * has the row's backend.
 */
SEPARATE int choose_for_error(const struct packet *quoted, struct choice *choice)
{
	const struct state *current = current_state();
	const struct service *service;
	int kept;
	__u64 table;

	if (!quoted || !choice || !current)
		return UNKNOWN;
	service = bpf_map_lookup_elem(&services, &choice->service);
	if (!service)
		return UNKNOWN;
	table = table_of(service);
	if (is_of_choices(table)) {
		look_at_choices(service, table, quoted, choice);
		if (has_alternative(service))
			add_alternatives(service, table, quoted, choice);
		trace(TRACE_CHOICES, choice->backend, choice->hops);
		return CHOSEN;
	}
	kept = look_at_row(service, table, quoted, choice);
	if (!(service->flags & SERVICE_REMEMBERS) && !kept)
		return CHOSEN;
	return recall(current, quoted, choice,
		      RECALL_UNSEEN | (service->flags & SERVICE_TRANSLATES ? RECALL_TRANSLATED : 0));
}
