/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets of flows that nobody here knows, and that do not begin one: user space gets them whole, finds out, and gives them
 * back (settle.h). docs/packet-path.md, section 8.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
#include "choose.h"
#include "events.h"
#include "owner.h"
#include "parse.h"
#include "see.h"
#include "tables.h"

/* A packet on its way to user space: so many bytes of the frame follow. */
struct missed {
	__u32 ifindex;
	__u32 is_answer; /* image: backend, and in `local` whom it is to */
	__u32 length;    /* of the frame */
	__u32 handed_over; /* by another node */
	struct flow_image image;
};

/* Most packets are small: two sizes, for the ring to hold more of them. */
#define SMALL_FRAME_MAX 256

/* Sized by user space: one page where nothing is shared. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} missed_packets SEC(".maps");

/* How far the clock may be behind: what came in no time is as much as in so many ns. */
#define MISSED_BURST_NS 50000000ULL

/* One packet more, if the rate allows. By two CPUs at once, one may be refused that there was room for. */
static __always_inline int may_be_missed(struct state *current)
{
	__u64 now = bpf_ktime_get_coarse_ns(), next = *(volatile __u64 *)&current->missed_next;

	if (!current->missed_every || next > now + MISSED_BURST_NS)
		return 0;
	return __sync_val_compare_and_swap(&current->missed_next, next, (next > now ? next : now) + current->missed_every) ==
	       next;
}

static __always_inline void fill_missed(struct missed *missed, const struct xdp_md *ctx, const struct packet *packet,
					__u32 is_answer, __u32 service)
{
	missed->ifindex = ctx->ingress_ifindex;
	missed->is_answer = is_answer;
	missed->handed_over = was_handed_over();
	missed->image = (struct flow_image){};
	if (!is_answer) {
		write_image_tuple(&missed->image, packet);
		missed->image.service = service_number(service);
		return;
	}
	missed->image.family = packet->family;
	missed->image.protocol = packet->protocol;
	missed->image.kind = packet->family == 6 ? IMAGE_BACKEND_IPV6 : 0;
	missed->image.backend_port = bpf_htons(packet->ports);
	missed->image.local_port = bpf_htons(packet->ports >> 16);
	address_from_source(&missed->image.backend, packet);
	address_from_destination(&missed->image.local, packet);
}

#define HANDED_UP 0
#define NO_ROOM 1
#define TOO_LONG 2

static __always_inline int hand_up_frame(struct xdp_md *ctx, const struct packet *packet, __u32 is_answer, __u32 service,
					 __u32 length, const __u32 most)
{
	struct missed *missed = bpf_ringbuf_reserve(&missed_packets, sizeof(*missed) + most, 0);

	if (!missed)
		return NO_ROOM;
	if (length < sizeof(struct ethhdr) || length > most || bpf_xdp_load_bytes(ctx, 0, missed + 1, length)) {
		bpf_ringbuf_discard(missed, NO_HURRY);
		return TOO_LONG;
	}
	missed->length = length;
	fill_missed(missed, ctx, packet, is_answer, service);
	bpf_ringbuf_submit(missed, 0);
	return HANDED_UP;
}

/*
 * Does the packet end here? It goes to user space; or, where that has not taken those before it, it is lost, for its sender to send
 * again. 0: there were too many, or it is longer than user space could give back. All that is counted.
 */
SEPARATE int hand_up(struct xdp_md *ctx, const struct packet *packet, __u32 is_answer, __u32 service)
{
	struct sharing_counts *counts = sharing_counts();
	struct state *current = current_state();
	__u32 length;
	int result;

	if (!packet || !current || !counts)
		return 0;
	if (!may_be_missed(current)) {
		counts->over_rate++;
		trace(TRACE_ASKED, 0);
		return 0;
	}
	length = ctx->data_end - ctx->data;
	if (length <= SMALL_FRAME_MAX)
		result = hand_up_frame(ctx, packet, is_answer, service, length, SMALL_FRAME_MAX);
	else
		result = hand_up_frame(ctx, packet, is_answer, service, length, SETTLED_FRAME_MAX);
	if (result == HANDED_UP)
		counts->missed++;
	else
		counts->lost++;
	if (result == TOO_LONG)
		return 0;
	trace(TRACE_ASKED, 1);
	return 1;
}

/* Could somebody else know the flow, and is user space there to ask? */
static __always_inline int may_be_known_elsewhere(const struct state *current, const struct packet *packet)
{
	if (!(current->features & FEATURE_SHARING) || (__s32)(current->asked_until - current->now) < 0)
		return 0;
	return !begins_flow(packet) || (packet->protocol != IPPROTO_TCP && current->features & FEATURE_DATAGRAMS);
}

/*
 * A packet of a flow that the table does not know, of a service or a row that wants to know it. UNKNOWN: it is up to this
 * node; CHOSEN: it goes by the row, though the flow may have another backend; else an XDP action.
 */
SEPARATE int ask_about(struct xdp_md *ctx, const struct packet *packet, struct choice *choice)
{
	const struct state *current = current_state();
	const struct service *service;

	if (!packet || !choice || !current || was_settled() || !may_be_known_elsewhere(current, packet))
		return UNKNOWN;
	service = bpf_map_lookup_elem(&services, &choice->service);
	if (!service)
		return UNKNOWN;
	if (hand_up(ctx, packet, 0, choice->service))
		return XDP_DROP;
	if (service->flags & SERVICE_TRANSLATES)
		return drop(DROP_TAKEOVER_RATE);
	/* A kept row: `choice` has its backend. */
	if (service->flags & SERVICE_REMEMBERS)
		look_at_row(service, table_of(service), packet, choice);
	return CHOSEN;
}

static __always_inline int is_own_address(const struct state *current, const struct packet *packet)
{
	const struct address *own = &current->own_address[packet->family == 4 ? 0 : 1];
	struct address destination = {};

	address_from_destination(&destination, packet);
	return own->word[0] == destination.word[0] && own->word[1] == destination.word[1] &&
	       own->word[2] == destination.word[2] && own->word[3] == destination.word[3];
}

static __always_inline int is_to_local_address(const struct packet *packet)
{
	struct answerer to = {};
	const __u32 *answers;

	to.address[0] = packet->destination[0];
	to.address[1] = packet->destination[1];
	answers = bpf_map_lookup_elem(&answerers, &to);
	return answers && *answers & ANSWERS_TO;
}

static __always_inline struct flow_key key_of_stranger(const struct state *current, const struct packet *packet)
{
	return flow_key(current->flow_keys, packet->source, packet->destination, packet->ports,
			KEY_STRANGER | packet->protocol);
}

SEPARATE int is_stranger(const struct packet *packet)
{
	const struct state *current = current_state();
	struct found_flow found = {};

	return packet && current && find_flow(key_of_stranger(current, packet), settings.flow_mask, &found) &&
	       !is_over(current, found.value);
}

SEPARATE int remember_stranger(const struct packet *packet)
{
	const struct state *current = current_state();
	struct found_flow found = {};
	struct flow_key key;

	if (!packet || !current)
		return 0;
	key = key_of_stranger(current, packet);
	if (find_flow(key, settings.flow_mask, &found))
		drop_at(found.place, key.tag, found.value);
	remember(current, key, flow_value(NO_BACKEND, 0, FLOW_STRANGER, current->now));
	return 0;
}

/* A packet that no service takes, and that is an answer of no flow that the table knows: XDP_PASS, unless user space has it. */
SEPARATE int ask_about_answer(struct xdp_md *ctx, const struct packet *packet)
{
	const struct state *current = current_state();
	__u32 answers;

	if (!packet || !current || !may_be_known_elsewhere(current, packet))
		return XDP_PASS;
	answers = answers_from(packet);
	if (!(answers & ANSWERS_NAT && !is_own_address(current, packet)) &&
	    !(answers & ANSWERS_FULLNAT && is_to_local_address(packet)))
		return XDP_PASS;
	if (was_settled()) {
		remember_stranger(packet);
		return XDP_PASS;
	}
	return !is_stranger(packet) && hand_up(ctx, packet, 1, 0) ? XDP_DROP : XDP_PASS;
}
