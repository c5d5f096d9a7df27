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

static __always_inline __be16 ethertype_of(const struct packet *packet)
{
	return packet->family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
}

/* The whole packet as it is, with another link layer. */
static __always_inline int write_plain(struct xdp_md *ctx, const struct packet *packet, const struct nexthop *nexthop)
{
	return write_ethernet(ctx, packet, nexthop, ethertype_of(packet), 0) ? WRITTEN : drop(DROP_NO_HEADROOM);
}

static __always_inline int write_translated(struct xdp_md *ctx, struct packet *packet, const struct backend *backend,
					    const struct nexthop *nexthop, const struct choice *choice)
{
	const struct translation *record = translation_at(choice->place);
	int verdict;

	if (!record)
		return drop(DROP_NO_FLOW);
	if (backend->method == METHOD_FULLNAT_TOA && choice->in_handshake && packet->protocol == IPPROTO_TCP) {
		erase_clients_toa(ctx, packet);
		if (toa_fits(ctx, packet, nexthop->mtu))
			insert_toa(ctx, packet);
	}
	verdict = translate(ctx, packet, record);
	if (verdict != WRITTEN)
		return verdict;
	return write_plain(ctx, packet, nexthop);
}

static __always_inline int forward(struct xdp_md *ctx, const struct state *current, struct packet *packet,
				   const struct choice *choice, __u16 mss_clamp)
{
	__u32 slot = choice->backend;
	__u32 cpu_slot = slot * settings.cpus + bpf_get_smp_processor_id();
	struct backend *backend = bpf_map_lookup_elem(&backends, &slot);
	struct backend_cpu *mine = bpf_map_lookup_elem(&backend_cpus, &cpu_slot);
	__u16 bytes = packet->bytes;
	int verdict;

	if (!backend || !mine)
		return drop(DROP_NO_BACKEND);
	verdict = find_nexthop(ctx, current, &backend->source, &backend->destination, backend->outer_family,
			       backend->epoch, &mine->nexthop);
	if (verdict != NEXTHOP_FOUND)
		return verdict;
	if (packet->bytes + outer_bytes(backend) > mine->nexthop.mtu)
		return send_error(ctx, packet, ICMP_ERROR_TOO_BIG, mine->nexthop.mtu - outer_bytes(backend));
	if (!take_hop(ctx, packet))
		return drop(DROP_NO_HEADROOM);
	if (mss_clamp && packet->tcp_flags & TCP_SYN)
		clamp_mss(ctx, packet, mss_clamp);

	if (is_tunnel(backend->method))
		verdict = encapsulate(ctx, backend, &mine->nexthop, packet, choice->hash);
	else if (backend->method == METHOD_DR)
		verdict = write_plain(ctx, packet, &mine->nexthop);
	else
		verdict = write_translated(ctx, packet, backend, &mine->nexthop, choice);
	if (verdict != WRITTEN)
		return verdict;
	mine->packets++;
	mine->bytes += bytes;
	return leave(ctx, &mine->nexthop);
}

/* The same for packets that are few. */
SEPARATE int forward_seldom(struct xdp_md *ctx, struct packet *packet, const struct choice *choice)
{
	const struct state *current = current_state();

	if (!packet || !choice || !current)
		return XDP_DROP;
	return forward(ctx, current, packet, choice, 0);
}
