/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Does a socket of this host know a flow? The answer is why, as a counter, or UNKNOWN. */
#pragma once
#include <linux/bpf.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "count.h"
#include "inner_flow.h"

#define UNKNOWN (-1)

/* Returns how much of the tuple counts. */
static __always_inline __u32 write_tuple(const struct inner_flow *flow, __be16 source_port, __be16 destination_port,
					 struct bpf_sock_tuple *tuple)
{
	if (flow->family == 4) {
		tuple->ipv4.saddr = flow->source.word[3];
		tuple->ipv4.daddr = flow->destination.word[3];
		tuple->ipv4.sport = source_port;
		tuple->ipv4.dport = destination_port;
		return sizeof(tuple->ipv4);
	}
	__builtin_memcpy(tuple->ipv6.saddr, &flow->source, sizeof(tuple->ipv6.saddr));
	__builtin_memcpy(tuple->ipv6.daddr, &flow->destination, sizeof(tuple->ipv6.daddr));
	tuple->ipv6.sport = source_port;
	tuple->ipv6.dport = destination_port;
	return sizeof(tuple->ipv6);
}

/*
 * A listener without room for half-open connections, or with net.ipv4.tcp_syncookies=2, keeps none: all that there is of
 * the connection is the number that the client acknowledges. The kernel reads no more of an IP header than version and
 * addresses.
 */
static __always_inline int has_syn_cookie(struct bpf_sock *listener, const struct inner_flow *flow,
					  const struct tcphdr *tcp)
{
	struct tcphdr header = *tcp;

	if (flow->family == 4) {
		struct iphdr ip = { .version = 4,
				    .ihl = 5,
				    .protocol = IPPROTO_TCP,
				    .saddr = flow->source.word[3],
				    .daddr = flow->destination.word[3] };

		return !bpf_tcp_check_syncookie(listener, &ip, sizeof(ip), &header, sizeof(header));
	} else {
		struct ipv6hdr ip = { .version = 6, .nexthdr = IPPROTO_TCP };

		__builtin_memcpy(&ip.saddr, &flow->source, sizeof(ip.saddr));
		__builtin_memcpy(&ip.daddr, &flow->destination, sizeof(ip.daddr));
		return !bpf_tcp_check_syncookie(listener, &ip, sizeof(ip), &header, sizeof(header));
	}
}

/*
 * Any TCP socket but a listening one is of this very connection: established, half-open (a request), closing, or in
 * TIME_WAIT, where the kernel still answers a FIN that comes again.
 */
SEPARATE int find_tcp_socket(struct xdp_md *ctx, const struct inner_flow *flow, const struct tcphdr *tcp)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *socket;
	int answer = UNKNOWN;
	__u32 bytes;

	if (!flow || !tcp)
		return UNKNOWN;
	bytes = write_tuple(flow, tcp->source, tcp->dest, &tuple);
	socket = bpf_skc_lookup_tcp(ctx, &tuple, bytes, BPF_F_CURRENT_NETNS, 0);
	if (!socket)
		return UNKNOWN;
	if (socket->state != BPF_TCP_LISTEN)
		answer = COUNT_ACCEPTED_ESTABLISHED;
	else if (has_syn_cookie(socket, flow, tcp))
		answer = COUNT_ACCEPTED_SYN_COOKIE;
	bpf_sk_release(socket);
	return answer;
}

/*
 * A connected socket knows its flow. One that is not (a server of DNS or QUIC mostly has but that one) may know it or
 * not; only the application could tell, so such flows stay where their hash leads.
 */
SEPARATE int find_udp_socket(struct xdp_md *ctx, const struct inner_flow *flow, __u32 source_port, __u32 destination_port)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *socket;
	int answer;
	__u32 bytes;

	if (!flow)
		return UNKNOWN;
	bytes = write_tuple(flow, source_port, destination_port, &tuple);
	socket = bpf_sk_lookup_udp(ctx, &tuple, bytes, BPF_F_CURRENT_NETNS, 0);
	if (!socket)
		return UNKNOWN;
	/* Only a connected socket has a peer's port. */
	answer = socket->dst_port ? COUNT_ACCEPTED_UDP_CONNECTED : COUNT_ACCEPTED_UDP;
	bpf_sk_release(socket);
	return answer;
}
