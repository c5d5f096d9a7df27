// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A repeated BPF_PROG_TEST_RUN sees the packet as the run before left it. These programs put the packet back as it was,
 * and make it one of the next flow. `trampoline` then calls the program that is measured: subtract the same into
 * `nothing`. `sender` sends it: to be run with BPF_F_TEST_XDP_LIVE_FRAMES, `returned` where the packets come back.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* A packet is one of these two: sizes that are known here are copied in a few instructions. */
#define SHORT_PACKET_BYTES 64
#define LONG_PACKET_BYTES 128

#define TUPLES_MAX 131072
/* Source, destination and ports lie side by side in IPv4 without options. */
#define TUPLE_WORDS 3

/* Flow n has the address FIRST_CLIENT + n / 16 and the port FIRST_PORT + n % 16. src/dataplane/flow-packet.ts */
#define FIRST_CLIENT 0x64400000 /* 100.64.0.0 */
#define FIRST_PORT 1024

struct original {
	__u8 bytes[LONG_PACKET_BYTES];
	__u32 packet_bytes;
	__u16 address_offset; /* of the 32 bits that tell clients apart */
	__u16 port_offset;    /* of the client's port */
	__u32 tuple_offset;   /* 0: flows are numbers; else where `tuples` go, which hold a flow each */
	__u32 flows;
	__u32 next;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct original);
} originals SEC(".maps");

struct tuple {
	__u32 words[TUPLE_WORDS];
	__u32 padding;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TUPLES_MAX);
	__type(key, __u32);
	__type(value, struct tuple);
} tuples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} measured SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} returns SEC(".maps");

static __always_inline int restore(struct xdp_md *ctx, const struct original *original)
{
	void *start = (void *)(long)ctx->data;

	if (start + SHORT_PACKET_BYTES > (void *)(long)ctx->data_end)
		return 0;
	__builtin_memcpy(start, original->bytes, SHORT_PACKET_BYTES);
	if (original->packet_bytes == SHORT_PACKET_BYTES)
		return 1;
	if (start + LONG_PACKET_BYTES > (void *)(long)ctx->data_end)
		return 0;
	__builtin_memcpy(start + SHORT_PACKET_BYTES, original->bytes + SHORT_PACKET_BYTES,
			 LONG_PACKET_BYTES - SHORT_PACKET_BYTES);
	return 1;
}

static __always_inline int write_number(struct xdp_md *ctx, const struct original *original, __u32 flow)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	void *address = start + (original->address_offset & 63);
	void *port = start + (original->port_offset & 63);

	if (address + sizeof(__be32) > end || port + sizeof(__be16) > end)
		return 0;
	*(__be32 *)address = bpf_htonl(FIRST_CLIENT + (flow >> 4));
	*(__be16 *)port = bpf_htons(FIRST_PORT + (flow & 15));
	return 1;
}

static __always_inline int write_tuple(struct xdp_md *ctx, const struct original *original, __u32 flow)
{
	void *to = (void *)(long)ctx->data + (original->tuple_offset & 63);
	const struct tuple *tuple = bpf_map_lookup_elem(&tuples, &flow);

	if (!tuple || to + TUPLE_WORDS * sizeof(__u32) > (void *)(long)ctx->data_end)
		return 0;
	__builtin_memcpy(to, tuple->words, TUPLE_WORDS * sizeof(__u32));
	return 1;
}

/* True when the packet is that of the next flow. */
static __always_inline int next_packet(struct xdp_md *ctx)
{
	__u32 only = 0, flow;
	struct original *original = bpf_map_lookup_elem(&originals, &only);
	int grown;

	if (!original)
		return 0;
	grown = ctx->data_end - ctx->data - original->packet_bytes;
	if (grown && bpf_xdp_adjust_head(ctx, grown))
		return 0;
	flow = original->next;
	original->next = flow + 1 == original->flows ? 0 : flow + 1;
	return restore(ctx, original) &&
	       (original->tuple_offset ? write_tuple(ctx, original, flow) : write_number(ctx, original, flow));
}

SEC("xdp")
int trampoline(struct xdp_md *ctx)
{
	if (next_packet(ctx))
		bpf_tail_call(ctx, &measured, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int nothing(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_PASS;
}

SEC("xdp")
int sender(struct xdp_md *ctx)
{
	return next_packet(ctx) ? XDP_TX : XDP_ABORTED;
}

SEC("xdp")
int returned(struct xdp_md *ctx __attribute__((unused)))
{
	__u32 only = 0;
	__u64 *count = bpf_map_lookup_elem(&returns, &only);

	if (count)
		(*count)++; /* a veth has one queue: nobody else counts */
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
