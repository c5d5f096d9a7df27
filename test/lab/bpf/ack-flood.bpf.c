// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Makes each frame of a live test run one of another connection: an ACK between two random ports, sent where it came from. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int ack_flood(struct xdp_md *ctx)
{
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(ethernet + 1);
	struct tcphdr *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;

	__u32 ports = bpf_get_prandom_u32();
	__u16 source = ports >> 16, destination = ports;

	tcp->source = bpf_htons(source);
	tcp->dest = bpf_htons(destination);
	/* What a port adds to the checksum, a number takes off: both were 0 and 0xffff when it was computed (RFC 1071). */
	tcp->seq = bpf_htonl(0xffff - source);
	tcp->ack_seq = bpf_htonl(0xffff - destination);
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
