// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A repeated BPF_PROG_TEST_RUN sees the packet as the run before left it. This program puts the packet back as it was,
 * makes it one of the next flow, and calls the program that is measured. Subtract the same into `nothing`.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* Ethernet, IPv6, TCP with 4 bytes of payload; what is shorter is padded. */
#define PACKET_BYTES 78

struct original {
	__u8 bytes[PACKET_BYTES];
	__u16 flow_offset; /* where the 32 bits that tell flows apart are written */
	__u32 flows;
	__u32 next;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct original);
} originals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} measured SEC(".maps");

SEC("xdp")
int trampoline(struct xdp_md *ctx)
{
	__u32 only = 0;
	struct original *original = bpf_map_lookup_elem(&originals, &only);
	int grown = ctx->data_end - ctx->data - PACKET_BYTES;
	void *start;
	__u32 offset;

	if (!original || (grown && bpf_xdp_adjust_head(ctx, grown)))
		return XDP_ABORTED;
	start = (void *)(long)ctx->data;
	if (start + PACKET_BYTES > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	__builtin_memcpy(start, original->bytes, PACKET_BYTES);
	offset = original->flow_offset & 31;
	if (start + offset + 4 > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	*(__be32 *)(start + offset) = bpf_htonl(0x0a000000 | original->next);
	original->next = original->next + 1 == original->flows ? 0 : original->next + 1;
	bpf_tail_call(ctx, &measured, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int nothing(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
