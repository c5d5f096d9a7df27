/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a backend to a frame that leaves: docs/packet-path.md, section 4. */
#pragma once
#include "choose.h"
#include "encap.h"
#include "ethernet.h"
#include "icmp_out.h"
#include "mss.h"
#include "nexthop.h"
#include "toa.h"
#include "translate.h"
#include "ttl.h"

#define WAY_FOUND (-1)
#define DOES_NOT_FIT (-2)

static __always_inline __be16 ethertype_of(const struct packet *packet)
{
	return packet->family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
}

/* The whole packet as it is, with another link layer. */
static __always_inline int write_plain(struct xdp_md *ctx, const struct packet *packet, const struct nexthop *nexthop)
{
	return write_ethernet(ctx, packet, nexthop, ethertype_of(packet), 0) ? WRITTEN : drop(DROP_NO_HEADROOM);
}

/* By itself, because stacks are nearly full. */
SEPARATE int write_translated(struct xdp_md *ctx, struct packet *packet, const struct choice *choice)
{
	const struct translation *there;
	struct backend_cpu *mine;
	struct backend *backend;
	struct ends ends = {};
	int verdict;

	if (!packet || !choice)
		return XDP_DROP;
	backend = bpf_map_lookup_elem(&backends, &choice->backend);
	mine = counters_of(choice->backend);
	there = translation_at(choice->place);
	if (!backend || !mine || !there)
		return drop(DROP_NO_FLOW);
	if (!take_hop(ctx, packet))
		return drop(DROP_NO_HEADROOM);
	if (backend->method == METHOD_FULLNAT_TOA && choice->in_handshake && packet->protocol == IPPROTO_TCP) {
		erase_clients_toa(ctx, packet);
		if (toa_fits(ctx, packet, mine->nexthop.mtu))
			insert_toa(ctx, packet);
	}
	ends_of_flow(&ends, packet, backend, there);
	verdict = translate(ctx, packet, &ends);
	if (verdict != WRITTEN)
		return verdict;
	return write_plain(ctx, packet, &mine->nexthop);
}

/* Where a packet for this backend goes next, and does it fit? */
static __always_inline int find_way(struct xdp_md *ctx, const struct state *current, const struct packet *packet,
				    const struct backend *backend, __u64 hops, struct nexthop *nexthop)
{
	int verdict = find_nexthop(ctx, current, &backend->source, &backend->destination, backend->outer_family,
				   backend->epoch, nexthop);

	if (verdict != NEXTHOP_FOUND)
		return verdict;
	if (packet->bytes + outer_bytes(backend, hops) > nexthop->mtu) {
		trace(TRACE_TOO_BIG, packet->bytes + outer_bytes(backend, hops), nexthop->mtu);
		return DOES_NOT_FIT;
	}
	return WAY_FOUND;
}

/* Methods that change nothing in the packet but its TTL; METHOD_HOPS apart. */
static __always_inline int write_whole(struct xdp_md *ctx, const struct packet *packet, const struct backend *backend,
				       const struct nexthop *nexthop, __u32 hash)
{
	if (!take_hop(ctx, packet))
		return drop(DROP_NO_HEADROOM);
	return is_tunnel(backend->method) ? encapsulate(ctx, backend, nexthop, packet, hash) :
					    write_plain(ctx, packet, nexthop);
}

static __always_inline int write_whole_with_hops(struct xdp_md *ctx, const struct packet *packet,
						 const struct backend *backend, const struct nexthop *nexthop,
						 __u32 hash, __u64 hops)
{
	if (!take_hop(ctx, packet))
		return drop(DROP_NO_HEADROOM);
	return encapsulate_with_hops(ctx, backend, nexthop, packet, hash, hops);
}

static __always_inline int count_and_leave(struct xdp_md *ctx, struct backend_cpu *mine, __u16 bytes)
{
	mine->packets++;
	mine->bytes += bytes;
	return leave(ctx, &mine->nexthop);
}

/* write_whole_with_hops() for the other program, whose stack is nearly full. */
SEPARATE int write_with_hops(struct xdp_md *ctx, const struct packet *packet, const struct choice *choice)
{
	struct backend_cpu *mine;
	struct backend *backend;

	if (!packet || !choice)
		return XDP_DROP;
	backend = bpf_map_lookup_elem(&backends, &choice->backend);
	mine = counters_of(choice->backend);
	if (!backend || !mine)
		return drop(DROP_NO_BACKEND);
	return write_whole_with_hops(ctx, packet, backend, &mine->nexthop, choice->hash, choice->hops);
}

SEPARATE int forward(struct xdp_md *ctx, struct packet *packet, const struct choice *choice, __u32 mss_clamp)
{
	const struct state *current = current_state();
	struct backend_cpu *mine;
	struct backend *backend;
	__u16 bytes;
	int verdict;

	if (!packet || !choice || !current)
		return XDP_DROP;
	backend = bpf_map_lookup_elem(&backends, &choice->backend);
	mine = counters_of(choice->backend);
	if (!backend || !mine)
		return drop(DROP_NO_BACKEND);
	trace(TRACE_METHOD, choice->backend);
	bytes = packet->bytes;
	verdict = find_way(ctx, current, packet, backend, choice->hops, &mine->nexthop);
	if (verdict == DOES_NOT_FIT)
		return send_error(ctx, packet, ICMP_ERROR_TOO_BIG,
				  mine->nexthop.mtu - outer_bytes(backend, choice->hops));
	if (verdict != WAY_FOUND)
		return verdict;
	if (mss_clamp && packet->tcp_flags & TCP_SYN)
		clamp_mss(ctx, packet, mss_clamp);
	if (translates(backend))
		verdict = write_translated(ctx, packet, choice);
	else if (backend->method == METHOD_HOPS)
		verdict = write_with_hops(ctx, packet, choice);
	else
		verdict = write_whole(ctx, packet, backend, &mine->nexthop, choice->hash);
	return verdict == WRITTEN ? count_and_leave(ctx, mine, bytes) : verdict;
}
