/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a packet does to the flow that it belongs to: its state, its age, and whether user space is told of it. */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "ends.h"
#include "events.h"
#include "flow.h"
#include "parse.h"
#include "tables.h"

/* The state after a segment; RFC 793's as far as one sees it from the middle. */
static __always_inline __u32 next_tcp_state(__u32 state, __u8 flags, int from_server)
{
	__u32 fin = from_server ? FLOW_FIN_SERVER : FLOW_FIN_CLIENT;

	if (flags & TCP_RST)
		return FLOW_CLOSE;
	if (flags & TCP_SYN)
		return !from_server && is_opening(flags) && state > FLOW_ESTABLISHED ? FLOW_SYN : state;
	if (flags & TCP_FIN) {
		if (state == FLOW_SYN || state == FLOW_ESTABLISHED)
			return fin;
		return state == fin ? fin : FLOW_CLOSE;
	}
	return state == FLOW_SYN && !from_server ? FLOW_ESTABLISHED : state;
}

/* The flow after a packet that is the first of its tick, or changes its state. */
static __always_inline __u64 value_after(const struct state *current, __u64 value, __u32 next)
{
	__u32 state = state_of(value);

	value = in_state(seen_now(current, value), next);
	/* Another connection by the same addresses and ports. */
	if (next == FLOW_SYN && state != FLOW_SYN)
		return due_in(value, current->now, current->tell_after);
	return value;
}

/* Ticks: a flow is told at least so often, however long its timeout is. Due ticks are compared modulo 1,024. */
#define TELL_EVERY_MAX 300

static __always_inline int may_be_told(__u32 state)
{
	return state != FLOW_SYN && state != FLOW_CLOSE;
}

static __always_inline int is_due(const struct state *current, __u64 value)
{
	__u32 overdue = (current->now - (__u32)(value >> DUE_SHIFT)) & DUE_MASK;

	return overdue <= DUE_MASK / 2 || age_of(current, value) > TELL_EVERY_MAX;
}

/* A third of the timeout: a record outlives its flow by no more than that, and one told too late does not lose it. */
static __always_inline __u64 told_now(const struct state *current, __u64 value)
{
	__u32 every = current->timeout[state_of(value)] / 3;

	if (every < 1)
		every = 1;
	return due_in(value, current->now, every < TELL_EVERY_MAX ? every : TELL_EVERY_MAX) | VALUE_TOLD;
}

static __always_inline void write_image_tuple(struct flow_image *image, const struct packet *packet)
{
	image->family = packet->family;
	image->protocol = packet->protocol;
	image->client_port = bpf_htons(packet->ports);
	image->vip_port = bpf_htons(packet->ports >> 16);
	address_from_source(&image->client, packet);
	address_from_destination(&image->vip, packet);
}

static __always_inline __u32 service_number(__u32 index)
{
	const struct service *service = bpf_map_lookup_elem(&services, &index);

	return service ? service->name : 0;
}

/* User space is told of a flow whose packet this is, and that its value changes. */
SEPARATE int tell(const struct packet *packet, __u32 place, __u64 old, __u64 value)
{
	const struct state *current = current_state();
	struct sharing_counts *counts = sharing_counts();
	struct backend *backend = backend_of_flow(old);
	struct flow *flow = flow_at(place);
	const struct translation *there;
	struct flow_event *event;

	if (!packet || !current || !counts || !backend || !flow)
		return 0;
	event = bpf_ringbuf_reserve(&flow_events, sizeof(*event), 0);
	if (!event) {
		/* Still due: the next tick tries again. */
		counts->lost++;
		replace_value(flow, place, old, value);
		return 0;
	}
	event->kind = old & VALUE_TOLD ? EVENT_REFRESHED : EVENT_TOLD;
	event->place = place;
	event->tag = *(volatile __u64 *)&flow->tag;
	write_image_tuple(&event->image, packet);
	event->image.state = state_of(value);
	event->image.kind = backend->outer_family == 6 ? IMAGE_BACKEND_IPV6 : 0;
	event->image.service = service_number(backend->service - 1);
	event->image.backend = backend->destination;
	event->image.backend_port = backend->port;
	event->image.local_port = 0;
	event->image.local = (struct address){};
	there = translates(backend) ? translation_at(place) : NULL;
	if (there) {
		struct ends ends = {};

		ends_of_flow(&ends, packet, backend, there);
		event->image.kind |= backend->method == METHOD_NAT ? FLOW_NAT : FLOW_FULLNAT;
		event->image.backend_port = ends.destination_port;
		if (backend->method != METHOD_NAT) {
			event->image.local = ends.source;
			event->image.local_port = ends.source_port;
		}
	}
	/* BUSY: somebody takes it out just now. */
	if (event->tag <= FLOW_BUSY || !replace_value(flow, place, old, told_now(current, value))) {
		bpf_ringbuf_discard(event, NO_HURRY);
		return 0;
	}
	counts->told++;
	bpf_ringbuf_submit(event, NO_HURRY);
	return 0;
}

#define SEEN 0
#define DUE 1 /* nothing was changed: the program that can tell has to see it */

/*
 * A packet of a flow that is remembered was seen. Writes only when a tick has passed or the state changes. `is_shared`: other
 * nodes could not recompute where it goes. `tells`: this program has room to tell.
 */
static __always_inline int see_flow(const struct state *current, struct found_flow *found, const struct packet *packet,
				    int is_shared, const int tells)
{
	__u32 state = state_of(found->value);
	__u32 next = packet->protocol == IPPROTO_TCP ? next_tcp_state(state, packet->tcp_flags, 0) : state;
	__u64 value;

	if (is_seen_now(current, found->value) && next == state)
		return SEEN;
	value = value_after(current, found->value, next);
	if (is_due(current, found->value)) {
		if (current->features & FEATURE_SHARING && is_shared && may_be_told(next)) {
			if (!tells)
				return DUE;
			tell(packet, found->place, found->value, value);
			return SEEN;
		}
		/* Its time must not come round to where it is not due; a connection that begins anew has a time of its own. */
		if (next != FLOW_SYN || state == FLOW_SYN)
			value = due_in(value, current->now, 0) | (value & VALUE_TOLD);
	}
	replace_value(found->flow, found->place, found->value, value);
	return SEEN;
}
