/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What user space found out about flows that nobody here knew: they are remembered as if they had begun here, and their
 * packets are decided about once more. docs/packet-path.md, section 8.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
#include "choose.h"
#include "flow.h"
#include "owner.h"
#include "parse.h"
#include "see.h"
#include "tables.h"
#include "translation.h"

/* The client's packet of a flow, as far as flows are told apart by it. */
static __always_inline void packet_of_image(struct packet *packet, const struct flow_image *image)
{
	packet->family = image->family;
	packet->protocol = image->protocol;
	packet->ports = bpf_ntohs(image->client_port) | (__u32)bpf_ntohs(image->vip_port) << 16;
	__builtin_memcpy(packet->source, &image->client, sizeof(packet->source));
	as_destination(packet->destination, &image->vip, image->family);
}

static __always_inline __u64 settled_value(const struct state *current, const struct settlement *settlement,
					   const struct backend *backend)
{
	__u64 value = new_flow_value(current, settlement->slot, backend->epoch, settlement->image.state);

	return settlement->what == SETTLE_CLIENT ? told_now(current, value) : value;
}

/* A place for the flow, which nobody can find before publish(). */
static __always_inline __u32 claim_settled(const struct state *current, struct settlement *settlement,
					   const struct backend *backend, __u64 tag)
{
	__u32 mask = translates(backend) ? settings.translation_mask : settings.flow_mask;

	settlement->tag = tag;
	settlement->place = claim_seldom(tag, mask, settled_value(current, settlement, backend));
	return settlement->place;
}

static __always_inline int adopt_translated(const struct state *current, const struct packet *packet,
					    struct settlement *settlement, const struct backend *backend, __u64 tag)
{
	const struct flow_image *image = &settlement->image;
	struct new_translation made = {};
	__u32 answer_place;

	made.backend = image->backend;
	made.backend_port = bpf_ntohs(image->backend_port);
	if (backend->method == METHOD_NAT) {
		made.local = image->client;
		made.local_port = bpf_ntohs(image->client_port);
	} else {
		made.local = image->local;
		made.local_port = bpf_ntohs(image->local_port);
	}
	if (!is_free(packet, &made, 0))
		return SETTLED_NO_ROOM;
	answer_place = claim_answer(made.answer_key.tag, 0);
	if (answer_place == NO_PLACE)
		return SETTLED_NO_ROOM;
	if (claim_settled(current, settlement, backend, tag) == NO_PLACE ||
	    !write_translation(packet, &made, settlement->slot, settlement->place, answer_place)) {
		unclaim_answer(answer_place);
		if (settlement->place != NO_PLACE)
			unclaim(settlement->place);
		return SETTLED_NO_ROOM;
	}
	if (!publish_alone(answer_place, made.answer_key.tag)) {
		unclaim(settlement->place);
		return SETTLED_NO_ROOM;
	}
	publish(settlement->place, tag);
	return SETTLED_ADOPTED;
}

/* The flow is remembered, unless it is by now. */
SEPARATE int adopt(struct settlement *settlement)
{
	const struct state *current = current_state();
	struct found_flow found = {};
	struct packet packet = {};
	struct backend *backend;
	__u32 slot;
	__u64 tag;

	if (!settlement || !current)
		return SETTLED_NO_ROOM;
	slot = settlement->slot;
	backend = bpf_map_lookup_elem(&backends, &slot);
	if (!backend || !backend->service)
		return SETTLED_NO_BACKEND;
	packet_of_image(&packet, &settlement->image);
	tag = key_of_packet(current, &packet).tag;
	if (find_flow(key_of_tag(tag), translates(backend) ? settings.translation_mask : settings.flow_mask, &found)) {
		if (is_of_service(found.value, backend->service - 1) && !is_over_in_both(current, found.place, found.value))
			return SETTLED_KNOWN;
		/* The one that is adopted stands for it. */
		drop_at(found.place, tag, found.value);
	}
	if (translates(backend))
		return adopt_translated(current, &packet, settlement, backend, tag);
	if (claim_settled(current, settlement, backend, tag) == NO_PLACE)
		return SETTLED_NO_ROOM;
	publish(settlement->place, tag);
	return SETTLED_ADOPTED;
}

/* Another node has the flow. Nobody is told that it ended: it did not. */
SEPARATE int forget_settled(struct settlement *settlement)
{
	const struct state *current = current_state();
	struct found_flow found = {};
	struct packet packet = {};
	__u64 tag;

	if (!settlement || !current)
		return SETTLED_NOTHING;
	packet_of_image(&packet, &settlement->image);
	tag = key_of_packet(current, &packet).tag;
	/* Those of translation are in sets that both masks find, or in these alone. */
	if (!find_flow(key_of_tag(tag), settings.translation_mask, &found) &&
	    !find_flow(key_of_tag(tag), settings.flow_mask, &found))
		return SETTLED_NOTHING;
	settlement->place = found.place;
	settlement->tag = tag;
	return drop_at(found.place, tag, found.value) ? SETTLED_KNOWN : SETTLED_NOTHING;
}

static __always_inline struct settle_run *settle_run(void)
{
	__u32 only = 0;

	return bpf_map_lookup_elem(&settle_runs, &only);
}

/*
 * Is the frame a place that user space made, for one that it gives back? It tells by what stands behind the room for that: a
 * page whose frame was dropped is the next frame's, and still has the old one in front.
 */
SEPARATE int is_place(struct xdp_md *ctx)
{
	const struct settle_run *run = settle_run();
	const void *start = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (!run || start + SETTLED_FRAME_MAX + sizeof(__u64) > end)
		return 0;
	return *(const __u64 *)(start + SETTLED_FRAME_MAX) == run->nonce;
}

static __always_inline void settle(struct settlement *settlement)
{
	if (settlement->what == SETTLE_FORGET)
		settlement->result = forget_settled(settlement);
	else if (settlement->what != SETTLE_UNKNOWN)
		settlement->result = adopt(settlement);
}

/* The place becomes the frame that user space gave back. */
static __always_inline int put_frame(struct xdp_md *ctx, struct settlement *settlement)
{
	__u32 length = settlement->length;
	int change = (int)length - (int)(ctx->data_end - ctx->data);

	if (length < sizeof(struct ethhdr) || length > SETTLED_FRAME_MAX)
		return 0;
	if (change && bpf_xdp_adjust_tail(ctx, change))
		return 0;
	return !bpf_xdp_store_bytes(ctx, 0, settlement->frame, length);
}
