// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * On a backend: takes the outer headers off packets that a node sent, and hands the inner packet to the kernel as if it
 * had come from the wire; or sends it on to the next backend of its list, where no socket of this host knows it. Only what
 * is for a VIP of this host is taken. For kernels without tunnel devices, and
 * faster than those.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "lib/count.h"
#include "lib/inner.h"
#include "lib/outer.h"
#include "lib/second_chance.h"
#include "lib/this_host.h"
#include "lib/tunnel.h"

#define OFFSET_MAX 255 /* more than 60 bytes of IP, 8 of UDP and 128 of GUE after Ethernet */

/*
 * What the agent changed on this host, as JSON; no program reads it. It is a map because it must share the fate of the
 * link: pinned beside it, gone with it at a reboot.
 */
struct agent_record {
	char json[1 << 17]; /* 1024 VIPs, and what settings were before */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct agent_record);
} agent_record SEC(".maps");

SEC("xdp")
int decap(struct xdp_md *ctx)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct tunnel tunnel = {};
	struct ethhdr *ethernet;
	__u8 addresses[2 * ETH_ALEN];
	int verdict;

	if (!is_for_this_host(start, end))
		return XDP_PASS;
	verdict = parse_outer(start, end, &tunnel);
	if (verdict != FOUND)
		return verdict;
	if (tunnel.hops) {
		/* A copy, so that what other tunnels need stays in registers. */
		struct tunnel listed = tunnel;

		verdict = second_chance(ctx, &listed);
		if (verdict != FOUND)
			return verdict;
		start = (void *)(long)ctx->data;
		end = (void *)(long)ctx->data_end;
	}
	if (tunnel.inner > OFFSET_MAX || start + tunnel.inner > end)
		return drop(COUNT_TRUNCATED);
	verdict = tunnel.protocol == IPPROTO_IPIP ? accept_ipv4(start + tunnel.inner, end, tunnel.ecn)
						  : accept_ipv6(start + tunnel.inner, end, tunnel.ecn);
	if (verdict != FOUND)
		return verdict;

	/* The addresses of the frame go to where the inner packet's Ethernet header will be. */
	if (start + sizeof(addresses) > end)
		return drop(COUNT_TRUNCATED);
	__builtin_memcpy(addresses, start, sizeof(addresses));
	if (bpf_xdp_adjust_head(ctx, tunnel.inner - sizeof(*ethernet)))
		return drop(COUNT_TRUNCATED);
	ethernet = (void *)(long)ctx->data;
	if ((void *)(ethernet + 1) > (void *)(long)ctx->data_end)
		return drop(COUNT_TRUNCATED);
	__builtin_memcpy(ethernet, addresses, sizeof(addresses));
	ethernet->h_proto = tunnel.protocol == IPPROTO_IPIP ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	count(COUNT_IPIP_IPV4 + 2 * tunnel.encapsulation + (tunnel.protocol == IPPROTO_IPV6));
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
