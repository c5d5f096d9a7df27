/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMP that is for a VIP or about one of its flows: docs/packet-path.md, section 6. */
#pragma once
#include "icmp.h"
#include <linux/icmpv6.h>
#include "answer.h"
#include "checksum.h"
#include "choose.h"
#include "owner.h"
#include "flow.h"
#include "forward.h"
#include "icmp_out.h"
#include "parse.h"
#include "service.h"
#include "tables.h"

#define QUOTED_TRANSPORT_BYTES 8 /* RFC 792: what an error quotes at least */

static __always_inline int is_icmp_error(__u8 family, __u8 type)
{
	if (family == 4)
		return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
	return type >= ICMPV6_DEST_UNREACH && type <= ICMPV6_PARAMPROB;
}

static __always_inline int is_icmp_echo(__u8 family, __u8 type)
{
	return type == (family == 4 ? ICMP_ECHO : ICMPV6_ECHO_REQUEST);
}

/*
 * The packet that an error quotes, turned round: as its receiver would answer it. Its `l3` and `l4` are those of the
 * quote. False: the quote is too short, a later fragment, or of no protocol that is known here.
 */
static __always_inline int parse_quote(struct xdp_md *ctx, const struct packet *packet, struct packet *quoted)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 offset = (packet->l4 & OFFSET_MASK) + ICMP_BYTES;
	__u32 at_most = packet->l3 + packet->bytes;
	void *l3 = start + (offset & OFFSET_MASK);
	struct extensions walk = {};
	__be16 *ports;

	quoted->family = packet->family;
	quoted->l3 = offset;
	quoted->destination_mac = packet->destination_mac;
	if (packet->family == 4) {
		struct iphdr *ip = l3;

		if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5 || ip->frag_off & IPV4_OFFSET)
			return 0;
		quoted->protocol = ip->protocol;
		quoted->source[0] = ip->daddr;
		quoted->destination[1] = mapped_ipv4(ip->saddr);
		offset += ip->ihl * 4;
	} else {
		struct ipv6hdr *ip = l3;

		if ((void *)(ip + 1) > end || ip->version != 6)
			return 0;
		__builtin_memcpy(quoted->source, &ip->daddr, 16);
		__builtin_memcpy(quoted->destination, &ip->saddr, 16);
		walk.protocol = ip->nexthdr;
		walk.offset = offset + sizeof(*ip);
		if (is_mapped_ipv4(quoted->destination))
			return 0;
		/* Routers tell about fragments too: the first one has the ports. */
		if (!walk_extensions(start, end, at_most, &walk) || walk.is_later_fragment)
			return 0;
		quoted->protocol = walk.protocol;
		offset = walk.offset;
	}
	if (!transport_bytes(quoted->protocol) || is_icmp(quoted) || quoted->protocol == IPPROTO_ICMP ||
	    quoted->protocol == IPPROTO_ICMPV6)
		return 0;
	ports = start + (offset & OFFSET_MASK);
	if (offset > OFFSET_MASK || offset + QUOTED_TRANSPORT_BYTES > at_most || (void *)(ports + 4) > end)
		return 0;
	quoted->l4 = offset;
	if (quoted->protocol == IPPROTO_ESP || quoted->protocol == IPPROTO_AH)
		return 1;
	quoted->destination_port = ports[0];
	quoted->ports = bpf_ntohs(ports[1]) | (__u32)bpf_ntohs(ports[0]) << 16;
	return 1;
}

static __always_inline void change_address(__be32 *field, const struct address *address, __u8 family, __u64 *change)
{
	if (family == 4) {
		change32(field, address->word[0], change);
	} else {
		for (int i = 0; i < 4; i++)
			change32(field + i, address->word[i], change);
	}
}

/*
 * The quote becomes what the receiver of the error sent or got: source and destination are those of `ends`,
 * exchanged. The error itself goes to their destination; with `from_vip` its source becomes theirs.
 */
SEPARATE int translate_error(struct xdp_md *ctx, const struct packet *packet, const struct packet *quoted,
			     const struct ends *ends, int from_vip)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u64 outer_change = 0, address_change = 0, port_change = 0, icmp_change = 0;
	__be16 *icmp, *ports;
	void *outer, *inner;
	__u8 family;

	if (!packet || !quoted || !ends)
		return 0;
	outer = start + (packet->l3 & OFFSET_MASK);
	inner = start + (quoted->l3 & OFFSET_MASK);
	icmp = start + (packet->l4 & OFFSET_MASK);
	ports = start + (quoted->l4 & OFFSET_MASK);
	family = packet->family;
	if ((void *)(icmp + 4) > end || (void *)(ports + 4) > end)
		return 0;
	if (family == 4) {
		struct iphdr *ip = outer;
		struct iphdr *quote = inner;

		if ((void *)(ip + 1) > end || (void *)(quote + 1) > end)
			return 0;
		change_address(&ip->daddr, &ends->destination, 4, &outer_change);
		if (from_vip)
			change_address(&ip->saddr, &ends->source, 4, &outer_change);
		ip->check = updated_checksum(ip->check, outer_change);
		change_address(&quote->saddr, &ends->destination, 4, &address_change);
		change_address(&quote->daddr, &ends->source, 4, &address_change);
		icmp_change = address_change;
		change16(&quote->check, updated_checksum(quote->check, address_change), &icmp_change);
	} else {
		struct ipv6hdr *ip = outer;
		struct ipv6hdr *quote = inner;

		if ((void *)(ip + 1) > end || (void *)(quote + 1) > end)
			return 0;
		change_address((__be32 *)&ip->daddr, &ends->destination, 6, &icmp_change);
		if (from_vip)
			change_address((__be32 *)&ip->saddr, &ends->source, 6, &icmp_change);
		change_address((__be32 *)&quote->saddr, &ends->destination, 6, &address_change);
		change_address((__be32 *)&quote->daddr, &ends->source, 6, &address_change);
		icmp_change += address_change;
	}
	if (quoted->protocol == IPPROTO_TCP || quoted->protocol == IPPROTO_UDP) {
		change16(ports, ends->destination_port, &port_change);
		change16(ports + 1, ends->source_port, &port_change);
		icmp_change += port_change;
	}
	if (quoted->protocol == IPPROTO_UDP) {
		change16(ports + 3, updated_udp_checksum(ports[3], (__u64)folded(address_change) + port_change),
			 &icmp_change);
	} else if (quoted->protocol == IPPROTO_TCP && (void *)(ports + 9) <= end &&
		   quoted->l4 + 18 <= packet->l3 + packet->bytes) {
		/* More than eight bytes are quoted: the checksum too. */
		change16(ports + 8, updated_checksum(ports[8], (__u64)folded(address_change) + port_change),
			 &icmp_change);
	}
	icmp[1] = updated_checksum(icmp[1], folded(icmp_change));
	return 1;
}

/* To the client: an error about what nat or fullnat sent to a backend. UNKNOWN: of no flow. */
SEPARATE int forward_error_to_client(struct xdp_md *ctx, const struct packet *packet, const struct packet *quoted)
{
	const struct state *current = current_state();
	const struct nexthop *nexthop;
	const struct answer *answer;
	struct choice choice = {};
	struct ends ends = {};
	int verdict;

	if (!packet || !quoted || !current)
		return XDP_PASS;
	if (!find_way_back(quoted, &choice))
		return UNKNOWN;
	answer = answer_at(choice.place);
	if (!answer)
		return UNKNOWN;
	ends_of_answer(&ends, answer, choice.place, packet->family);
	trace_answer(choice.place, packet->family);
	if (packet->ttl <= 1)
		return drop(DROP_TTL_EXPIRED);
	verdict = find_way_out(ctx, current, answer, choice.place, choice.hash, &ends, packet->family, &nexthop);
	if (verdict != NEXTHOP_FOUND)
		return verdict;
	if (packet->bytes > nexthop->mtu) {
		trace(TRACE_TOO_BIG, packet->bytes, nexthop->mtu);
		return drop(DROP_TOO_BIG);
	}
	/* Was the place somebody else's before all of this was read? */
	if ((__u32)*(volatile __u64 *)&answer->tag != choice.hash)
		return drop(DROP_NO_FLOW);
	if (!take_hop(ctx, packet) || !translate_error(ctx, packet, quoted, &ends, 1))
		return drop(DROP_NO_HEADROOM);
	verdict = write_plain(ctx, packet, nexthop);
	return verdict == WRITTEN ? leave(ctx, nexthop) : verdict;
}

/* To the backend of nat or fullnat. */
SEPARATE int forward_error_translated(struct xdp_md *ctx, const struct packet *packet, const struct packet *quoted,
				      const struct choice *choice)
{
	const struct state *current = current_state();
	const struct translation *there;
	struct backend_cpu *mine;
	struct backend *backend;
	struct ends ends = {};
	int verdict;

	if (!packet || !quoted || !choice || !current)
		return XDP_DROP;
	backend = bpf_map_lookup_elem(&backends, &choice->backend);
	mine = counters_of(choice->backend);
	there = translation_at(choice->place);
	if (!backend || !mine || !there)
		return drop(DROP_NO_BACKEND);
	trace(TRACE_METHOD, choice->backend);
	ends_of_flow(&ends, quoted, backend, there);
	verdict = find_way(ctx, current, packet, backend, NO_HOPS, &mine->nexthop);
	if (verdict == DOES_NOT_FIT)
		return drop(DROP_TOO_BIG);
	if (verdict != WAY_FOUND)
		return verdict;
	if (!take_hop(ctx, packet) || !translate_error(ctx, packet, quoted, &ends, 0))
		return drop(DROP_NO_HEADROOM);
	verdict = write_plain(ctx, packet, &mine->nexthop);
	return verdict == WRITTEN ? count_and_leave(ctx, mine, packet->bytes) : verdict;
}

SEPARATE int forward_error(struct xdp_md *ctx, struct packet *packet, int to_vip)
{
	const struct state *current = current_state();
	struct packet quoted = {};
	struct choice choice = {};
	struct service *service;
	int verdict;

	if (!packet || !current)
		return XDP_PASS;
	if (!parse_quote(ctx, packet, &quoted))
		return to_vip ? drop(DROP_ICMP_UNKNOWN) : XDP_PASS;
	if (!to_vip) {
		verdict = forward_error_to_client(ctx, packet, &quoted);
		if (verdict != UNKNOWN)
			return verdict;
		if (find_owner_of_answer(&quoted, &choice) != ELSEWHERE)
			return XDP_PASS;
		return packet->ttl <= 1 ? drop(DROP_TTL_EXPIRED) : forward(ctx, packet, &choice, 0);
	}
	service = find_service(current, &quoted, &choice.service);
	if (!service)
		return drop(DROP_ICMP_UNKNOWN);
	trace(TRACE_SERVICE, choice.service + 1);
	if (packet->ttl <= 1)
		return drop(DROP_TTL_EXPIRED);
	choice.hash = flow_hash(service->hash_seed, quoted.source, quoted.ports);
	verdict = choose_for_error(&quoted, &choice);
	if (verdict == UNKNOWN && service->flags & SERVICE_REMEMBERS)
		verdict = find_owner(&quoted, &choice, OWNER_OF_ERROR);
	if (verdict == UNKNOWN && service->flags & SERVICE_TRANSLATES)
		return drop(DROP_ICMP_UNKNOWN);
	if (service->flags & SERVICE_TRANSLATES && verdict == CHOSEN)
		return forward_error_translated(ctx, packet, &quoted, &choice);
	return forward(ctx, packet, &choice, 0);
}

static __always_inline int handle_icmp(struct xdp_md *ctx, const struct state *current, struct packet *packet)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u8 *icmp = start + (packet->l4 & OFFSET_MASK);
	int to_vip = is_vip(current, packet);
	__u8 type;

	trace_icmp(packet, icmp, end);
	if (!to_vip && !(current->features & FEATURE_TRANSLATION))
		return XDP_PASS;
	if ((void *)(icmp + ICMP_BYTES) > end || !is_for_this_node(current, packet) || packet->begins_fragments)
		return XDP_PASS;
	type = icmp[0];
	if (to_vip && is_icmp_echo(packet->family, type))
		return answer_echo(ctx, packet);
	if (!is_icmp_error(packet->family, type))
		return XDP_PASS;
	return forward_error(ctx, packet, to_vip);
}
