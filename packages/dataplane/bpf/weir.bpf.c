// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The way of a packet through a node: docs/packet-path.md. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "lib/answer.h"
#include "lib/choose.h"
#include "lib/clock.h"
#include "lib/count.h"
#include "lib/forward.h"
#include "lib/fragment.h"
#include "lib/guard.h"
#include "lib/icmp_in.h"
#include "lib/parse.h"
#include "lib/service.h"

SEC("xdp")
int weir(struct xdp_md *ctx)
{
	struct state *current = current_state();
	struct packet packet = {};
	struct choice choice = {};
	struct service *service;
	int verdict;

	if (!current)
		return XDP_PASS;
	verdict = parse(ctx, &packet);
	if (verdict != PARSED)
		return verdict;
	if (packet.kind == KIND_LATER_FRAGMENT)
		return forward_later_fragment(ctx, &packet);
	if (packet.kind == KIND_ICMP)
		return handle_icmp(ctx, current, &packet);

	service = find_service(current, &packet, &choice.service);
	if (!service)
		return current->features & FEATURE_TRANSLATION ? forward_answer(ctx, &packet) : XDP_PASS;
	if (!is_for_this_node(current, &packet))
		return XDP_PASS;
	if (current->features & FEATURE_DENY && is_denied(&packet))
		return drop(DROP_DENIED);
	if (packet.ttl <= 1)
		return send_error(ctx, &packet, ICMP_ERROR_TIME_EXCEEDED, 0);

	choice.hash = flow_hash(service->hash_seed, packet.source, packet.ports);
	verdict = choose(service, &packet, &choice);
	if (verdict != CHOSEN)
		return verdict;
	if (packet.begins_fragments)
		remember_fragments(&packet, &choice);
	return forward(ctx, current, &packet, &choice, service->mss_clamp);
}

char _license[] SEC("license") = "Dual BSD/GPL";
