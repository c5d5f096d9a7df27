// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The way of a packet through a node: docs/packet-path.md. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "lib/answer.h"
#include "lib/attempt.h"
#include "lib/choose.h"
#include "lib/clock.h"
#include "lib/count.h"
#include "lib/forward.h"
#include "lib/fragment.h"
#include "lib/guard.h"
#include "lib/icmp_in.h"
#include "lib/missed.h"
#include "lib/owner.h"
#include "lib/parse.h"
#include "lib/service.h"
#include "lib/settle.h"

/* Another program may do more around it: capture.bpf.c. */
#ifndef MAIN_PROGRAM
#define MAIN_PROGRAM SEC("xdp")
#endif

#define SELDOM 0
#define SETTLE 1

/* The other programs; user space puts them there (src/xdp/xdp-dataplane.ts). */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");

/* What needs the other program. It is always there: pinned before this one is attached (src/xdp/xdp-dataplane.ts). */
static __always_inline int call_seldom(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &programs, SELDOM);
	return drop(DROP_PROGRAM_MISSING);
}

/*
 * The packet that this CPU looks at, in the program for what is not common: on the stack it would leave too little room for
 * what is called.
 */
struct at_hand {
	struct packet packet;
	struct choice choice;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct at_hand);
} hands SEC(".maps");

/* To the node that `choice` says. What is to be changed in the packet is that node's to change. */
static __always_inline int hand_over(struct xdp_md *ctx, struct packet *packet, const struct choice *choice)
{
	if (packet->begins_fragments)
		remember_fragments(packet, choice, 0);
	return forward(ctx, packet, choice, 0);
}

/* What no service takes. */
static __always_inline int handle_answer(struct xdp_md *ctx, const struct state *current, struct packet *packet,
					 struct choice *choice)
{
	int verdict;

	if (!(current->features & FEATURE_TRANSLATION))
		return XDP_PASS;
	verdict = forward_answer(ctx, packet);
	if (verdict != UNKNOWN)
		return verdict;
	if (find_owner_of_answer(packet, choice) != ELSEWHERE)
		return ask_about_answer(ctx, packet);
	if (packet->ttl <= 1)
		return send_error(ctx, packet, ICMP_ERROR_TIME_EXCEEDED, 0);
	return hand_over(ctx, packet, choice);
}

/* Everything that may happen to a packet. */
static __always_inline int decide(struct xdp_md *ctx)
{
	struct state *current = current_state();
	struct packet *packet;
	struct choice *choice;
	struct service *service;
	struct at_hand *hand;
	__u32 only = 0;
	int verdict;

	hand = bpf_map_lookup_elem(&hands, &only);
	if (!current || !hand)
		return XDP_PASS;
	__builtin_memset(hand, 0, sizeof(*hand));
	packet = &hand->packet;
	choice = &hand->choice;
	verdict = parse(ctx, packet);
	if (verdict == EXTENDED)
		verdict = parse_extensions(ctx, packet);
	if (verdict != PARSED)
		return verdict;
	trace_packet(current, packet);
	if (packet->kind == KIND_LATER_FRAGMENT)
		return forward_later_fragment(ctx, packet);
	if (packet->kind == KIND_ICMP)
		return handle_icmp(ctx, current, packet);

	service = find_service(current, packet, &choice->service);
	trace(TRACE_SERVICE, service ? choice->service + 1 : 0);
	if (!service)
		return handle_answer(ctx, current, packet, choice);
	if (!is_for_this_node(current, packet))
		return XDP_PASS;
	if (service->flags & SERVICE_OWNERS) {
		verdict = take_handover(ctx, packet);
		if (verdict != TAKEN)
			return verdict;
		return call_seldom(ctx);
	}
	if (current->features & FEATURE_DENY && is_denied(packet))
		return drop(DROP_DENIED);
	if (packet->ttl <= 1)
		return send_error(ctx, packet, ICMP_ERROR_TIME_EXCEEDED, 0);

	verdict = choose_known_seldom(packet, choice);
	if (verdict == UNKNOWN && service->flags & SERVICE_REMEMBERS)
		verdict = find_owner(packet, choice, 0);
	if (verdict == ELSEWHERE)
		return hand_over(ctx, packet, choice);
	if (verdict == UNKNOWN)
		verdict = ask_about(ctx, packet, choice);
	if (verdict == UNKNOWN)
		verdict = choose_new(packet, choice, was_settled());
	if (verdict == UNTRANSLATED)
		verdict = begin_translation(packet, choice);
	if (verdict != CHOSEN)
		return verdict;
	if (service->flags & SERVICE_WATCHED && is_opening(packet->tcp_flags))
		note_attempt(ctx, packet, choice);
	if (packet->begins_fragments)
		remember_fragments(packet, choice, 0);
	return forward(ctx, packet, choice, service->mss_clamp);
}

SEC("xdp")
int weir_seldom(struct xdp_md *ctx)
{
	int verdict;

	note_arrival();
	trace_begin(was_handed_over());
	verdict = decide(ctx);
	/* The kernel's door is not the one that nodes use among themselves. */
	return verdict == XDP_PASS && was_handed_over() ? drop(DROP_HANDOVER_MALFORMED) : verdict;
}

/* A service's packet that is not common: to be forwarded by what is in weir_seldom(). */
static __always_inline int is_special(const struct state *current, const struct service *service,
				      const struct packet *packet)
{
	return current->features & FEATURE_DENY || packet->ttl <= 1 || packet->begins_fragments ||
	       service->flags & (SERVICE_TRANSLATES | SERVICE_OWNERS) || has_alternative(service) ||
	       (packet->tcp_flags & TCP_SYN && (service->mss_clamp || service->flags & SERVICE_WATCHED));
}

/*
 * The common packet: of a flow that needs nothing but a backend. `packet` is never handed to a function, so that the
 * compiler keeps it in registers; whatever is not common goes to the other program, as it arrived.
 */
MAIN_PROGRAM int weir(struct xdp_md *ctx)
{
	struct state *current = current_state();
	struct packet packet = {};
	struct choice choice = {};
	struct backend_cpu *mine;
	struct service *service;
	struct backend *backend;
	int verdict;

	if (!current)
		return XDP_PASS;
	if (current->settling && is_place(ctx))
		bpf_tail_call(ctx, &programs, SETTLE);
	verdict = parse(ctx, &packet);
	if (verdict == EXTENDED)
		return call_seldom(ctx);
	if (verdict != PARSED)
		return verdict;
	if (packet.kind != KIND_FLOW)
		return call_seldom(ctx);
	trace_packet(current, &packet);
	service = find_service(current, &packet, &choice.service);
	trace(TRACE_SERVICE, service ? choice.service + 1 : 0);
	if (!service)
		return current->features & FEATURE_TRANSLATION ? call_seldom(ctx) : XDP_PASS;
	if (!is_for_this_node(current, &packet))
		return XDP_PASS;
	if (is_special(current, service, &packet))
		return call_seldom(ctx);

	verdict = choose_known(current, service, &packet, &choice, 0);
	if (verdict != CHOSEN) {
		struct flow_key key;

		if (verdict == TO_BE_TOLD || !begins_simply(current, service, &packet))
			return call_seldom(ctx);
		key = key_of_packet(current, &packet);
		choice.backend = begin_flow(key.tag, key.set, choice.service, row_for(service, &packet, choice.hash),
					    first_state(&packet));
	}
	backend = bpf_map_lookup_elem(&backends, &choice.backend);
	mine = counters_of(choice.backend);
	if (!backend || !mine)
		return drop(DROP_NO_BACKEND);
	trace(TRACE_METHOD, choice.backend);
	verdict = find_way(ctx, current, &packet, backend, choice.hops, &mine->nexthop);
	if (verdict == DOES_NOT_FIT) {
		trace_end();
		return call_seldom(ctx);
	}
	if (verdict != WAY_FOUND)
		return verdict;
	if (backend->method == METHOD_HOPS)
		verdict = write_whole_with_hops(ctx, &packet, backend, &mine->nexthop, choice.hash, choice.hops);
	else
		verdict = write_whole(ctx, &packet, backend, &mine->nexthop, choice.hash);
	return verdict == WRITTEN ? count_and_leave(ctx, mine, packet.bytes) : verdict;
}

/* Run by user space, once for each packet that it gives back, through the program that is attached (src/xdp/xdp-sharing.ts). */
SEC("xdp")
int weir_settle(struct xdp_md *ctx)
{
	struct handover *handover = this_handover();
	struct settle_run *run = settle_run();
	struct settlement *settlement;
	__u32 index;

	if (!run || !handover || !is_place(ctx))
		return XDP_PASS;
	index = run->next++;
	settlement = bpf_map_lookup_elem(&settlements, &index);
	if (!settlement)
		return XDP_DROP;
	settle(settlement);
	if (!put_frame(ctx, settlement))
		return XDP_DROP;
	handover->arriving = ARRIVES_SETTLED | (settlement->handed_over ? ARRIVES_HANDED_OVER : 0);
	return call_seldom(ctx);
}

static long settle_one(__u32 index, void *context __attribute__((unused)))
{
	struct settlement *settlement = bpf_map_lookup_elem(&settlements, &index);

	if (settlement)
		settle(settlement);
	return 0;
}

/* Without packets: all of them at once. */
SEC("syscall")
int settle_all(void *ctx __attribute__((unused)))
{
	struct settle_run *run = settle_run();

	if (!run)
		return -1;
	bpf_loop(run->count, settle_one, NULL, 0);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
