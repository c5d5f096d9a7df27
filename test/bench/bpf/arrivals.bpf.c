// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Stands where backends are, and takes down which flows of flow-packet.ts got there, when, and to which backend. A packet
 * of a flow that went to another backend before is none of its arrivals: that connection would be reset.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define FLOWS_MAX 1048576

/* Flow n has the address FIRST_CLIENT + n / 16 and the port FIRST_PORT + n % 16. src/dataplane/flow-packet.ts */
#define FIRST_CLIENT 0x64400000 /* 100.64.0.0 */
#define FIRST_PORT 1024

/* By number. User space resets `first_ns` when it begins to measure. */
struct arrival {
	__u64 first_ns; /* CLOCK_MONOTONIC; 0: none yet */
	__be32 backend; /* of the first packet ever; 0: none yet */
	__u32 elsewhere; /* packets to other backends */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FLOWS_MAX);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct arrival);
} arrivals SEC(".maps");

struct tunnelled {
	struct ethhdr ethernet;
	struct iphdr outer;
	struct iphdr inner;
	struct tcphdr tcp;
} __attribute__((packed));

SEC("xdp")
int arrived(struct xdp_md *ctx)
{
	const struct tunnelled *packet = (void *)(long)ctx->data;
	struct arrival *arrival;
	__u32 flow;

	if ((void *)(packet + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	if (packet->ethernet.h_proto != bpf_htons(ETH_P_IP) || packet->outer.protocol != IPPROTO_IPIP)
		return XDP_DROP;
	flow = (bpf_ntohl(packet->inner.saddr) - FIRST_CLIENT) << 4 | (bpf_ntohs(packet->tcp.source) - FIRST_PORT);
	arrival = bpf_map_lookup_elem(&arrivals, &flow);
	if (!arrival)
		return XDP_DROP;
	if (!arrival->backend)
		arrival->backend = packet->outer.daddr;
	if (arrival->backend != packet->outer.daddr)
		arrival->elsewhere++;
	else if (!arrival->first_ns)
		arrival->first_ns = bpf_ktime_get_ns();
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
