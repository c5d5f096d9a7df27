/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet with a list of hops: is it for this host or for the next one? Its sockets tell. What nobody can tell (a new
 * connection, another protocol) stays, and so does what nobody is left for.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "count.h"
#include "fragments.h"
#include "hop_list.h"
#include "inner.h"
#include "inner_flow.h"
#include "local_socket.h"
#include "next_hop.h"
#include "packet.h"
#include "peers.h"
#include "tunnel.h"

/* RFC 792; linux/icmp.h does not go with linux/in.h here. */
#define ICMP_DEST_UNREACH 3
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PARAMETERPROB 12
#define ICMP_HEADER_BYTES 8
#define ICMPV6_ERROR_MAX 127 /* RFC 4443, section 2.1 */
/* Of a quoted transport header there is at least this much: RFC 792. */
#define QUOTED_BYTES_MIN 8

struct ports {
	__be16 source;
	__be16 destination;
};

static __always_inline int judge_tcp(struct xdp_md *ctx, const struct inner_flow *flow)
{
	struct tcphdr tcp;

	if (copy(ctx, flow->transport, &tcp, sizeof(tcp)))
		return COUNT_ACCEPTED_OTHER; /* the kernel counts it */
	if (tcp.syn && !tcp.ack)
		return COUNT_ACCEPTED_SYN;
	return find_tcp_socket(ctx, flow, &tcp);
}

static __always_inline int judge_udp(struct xdp_md *ctx, const struct inner_flow *flow)
{
	struct ports ports;

	if (copy(ctx, flow->transport, &ports, sizeof(ports)))
		return COUNT_ACCEPTED_OTHER;
	return find_udp_socket(ctx, flow, ports.source, ports.destination);
}

static __always_inline int is_icmp_error(__u32 family, __u8 type)
{
	if (family != 4)
		return type <= ICMPV6_ERROR_MAX;
	return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

/* The client's segment that would have answered a quoted one of this host; its flags are clear where too little is quoted. */
static __always_inline int read_answer_to_quoted(struct xdp_md *ctx, __u32 at, struct tcphdr *answer)
{
	struct tcphdr quoted = {};
	int is_whole = !copy(ctx, at, &quoted, sizeof(quoted));

	if (!is_whole && copy(ctx, at, &quoted, QUOTED_BYTES_MIN))
		return 0;
	*answer = (struct tcphdr){ .source = quoted.dest, .dest = quoted.source };
	if (is_whole && quoted.syn && quoted.ack) {
		answer->ack = 1;
		answer->seq = quoted.ack_seq;
		answer->ack_seq = bpf_htonl(bpf_ntohl(quoted.seq) + 1);
	}
	return 1;
}

/* An error is for whom its packet came from. What no socket may know goes by hash, like its packet. */
SEPARATE int judge_icmp(struct xdp_md *ctx, __u32 at, __u32 family)
{
	struct inner_flow flow;
	struct address server;
	int answer = COUNT_ACCEPTED_ICMP;
	__u8 type;

	if (copy(ctx, at, &type, sizeof(type)) || !is_icmp_error(family, type))
		return COUNT_ACCEPTED_OTHER;
	if (!read_flow(ctx, at + ICMP_HEADER_BYTES, family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6, &flow) ||
	    flow.fragment == FRAGMENT_LATER)
		return COUNT_ACCEPTED_ICMP;
	server = flow.source;
	flow.source = flow.destination;
	flow.destination = server;
	if (flow.protocol == IPPROTO_TCP) {
		struct tcphdr tcp;

		if (read_answer_to_quoted(ctx, flow.transport, &tcp))
			answer = find_tcp_socket(ctx, &flow, &tcp);
	} else if (flow.protocol == IPPROTO_UDP) {
		struct ports ports;

		if (!copy(ctx, flow.transport, &ports, sizeof(ports)))
			answer = find_udp_socket(ctx, &flow, ports.destination, ports.source);
	}
	return answer == UNKNOWN ? UNKNOWN : COUNT_ACCEPTED_ICMP;
}

/* Returns the counter of why this host takes it, or UNKNOWN. */
static __always_inline int judge(struct xdp_md *ctx, const struct inner_flow *flow)
{
	if (flow->fragment == FRAGMENT_LATER)
		return follow_first_fragment(flow);
	switch (flow->protocol) {
	case IPPROTO_TCP:
		return judge_tcp(ctx, flow);
	case IPPROTO_UDP:
		return judge_udp(ctx, flow);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return judge_icmp(ctx, flow->transport, flow->family);
	default:
		return COUNT_ACCEPTED_OTHER;
	}
}

/* Returns FOUND: this host takes it; or the action. */
SEPARATE int second_chance(struct xdp_md *ctx, const struct tunnel *tunnel)
{
	struct outer_addresses outer;
	struct inner_flow flow;
	struct hop_list list;
	int answer, verdict;

	if (!tunnel)
		return XDP_DROP;
	if (copy(ctx, tunnel->hops, &list, sizeof(list)) || read_outer_addresses(ctx, tunnel->outer_family, &outer) ||
	    !read_flow(ctx, tunnel->inner, tunnel->protocol, &flow))
		return drop(COUNT_TRUNCATED);
	if (!is_peer(&outer.source))
		return drop(COUNT_NOT_A_PEER);
	if (!bpf_map_lookup_elem(&vips, &flow.destination))
		return pass_not_a_vip();
	answer = judge(ctx, &flow);
	if (flow.fragment == FRAGMENT_FIRST)
		remember_first_fragment(&flow, answer);
	if (answer == UNKNOWN && list.next >= list.count)
		answer = COUNT_ACCEPTED_LAST_HOP;
	if (answer == UNKNOWN) {
		verdict = send_to_next_hop(ctx, tunnel, &outer);
		if (verdict != HOP_IS_SELF && verdict != NO_HOP_LEFT)
			return verdict;
		answer = verdict == HOP_IS_SELF ? COUNT_ACCEPTED_NEXT_HOP_IS_SELF : COUNT_ACCEPTED_LAST_HOP;
	}
	count(answer);
	return FOUND;
}
