// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The program that forwards (weir.bpf.c), with packets as they arrived and what became of them for who captures: in its place on
 * the interfaces while somebody does, and at no other time, so that capturing costs nothing then. Why a packet was dropped is
 * told by the counter that went up meanwhile. What is not common goes to the other program, as ever.
 */
#define MAIN_PROGRAM static __attribute__((noinline))
#include "weir.bpf.c"

#define SNAP_MAX 2048
#define NO_REASON 0xffffffff
#define NS_PER_SECOND 1000000000ULL

/* Fixed at load: src/xdp/layout.ts. */
struct capture_settings {
	__u32 snap_length;
	__u32 reason; /* enum drop_reason; NO_REASON: any, or none */
	__u32 per_second;
	__u32 address_bytes; /* of the VIP; 0: any */
	__u8 address[16];
	__u8 client[16];
	__u32 client_bits; /* of the client's network */
	__u32 client_bytes; /* 0: any */
};

const volatile struct capture_settings capture_settings SEC(".rodata.capture") = {
	.snap_length = SNAP_MAX, .reason = NO_REASON, .per_second = 1000
};

struct captured {
	__u64 time; /* CLOCK_MONOTONIC, ns */
	__u32 ifindex;
	__u32 action; /* enum xdp_action */
	__u32 reason; /* enum drop_reason + 1; 0: no counter went up */
	__u32 original_length;
	__u32 length;
	__u32 padding;
	__u8 frame[SNAP_MAX];
};

#define CAPTURED_BYTES __builtin_offsetof(struct captured, frame)

/* What stands between entry and exit, on one CPU. */
struct pending {
	__u64 drops[DROP_REASONS];
	struct captured packet;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pending);
} pendings SEC(".maps");

struct capture_counts {
	__u64 lost; /* met the filter, and found no room or came too soon */
	__u64 second;
	__u64 in_second;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct capture_counts);
} capture_counts SEC(".maps");

/* Sized by user space: nothing beyond it is kept. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} captured_packets SEC(".maps");

static __always_inline int is_address(const __u8 *at, const volatile __u8 *wanted, __u32 bytes)
{
	for (__u32 i = 0; i < 16; i++)
		if (i < bytes && at[i] != wanted[i])
			return 0;
	return 1;
}

/* The first bits are equal. */
static __always_inline int is_in_network(const __u8 *at)
{
	for (__u32 i = 0; i < 16; i++) {
		__u32 left = capture_settings.client_bits > i * 8 ? capture_settings.client_bits - i * 8 : 0;
		__u8 mask = left >= 8 ? 0xff : (__u8)(0xff00 >> left);

		if ((at[i] ^ capture_settings.client[i]) & mask)
			return 0;
	}
	return 1;
}

/* Behind up to two tags. */
static __always_inline __u32 ip_offset(const __u8 *frame, __be16 *type)
{
	__u32 at = ETH_HLEN;

	*type = *(const __be16 *)(frame + 12);
	for (int i = 0; i < 2; i++) {
		if (*type != bpf_htons(ETH_P_8021Q) && *type != bpf_htons(ETH_P_8021AD))
			break;
		*type = *(const __be16 *)(frame + at + 2);
		at += 4;
	}
	return at;
}

static __always_inline int matches_addresses(const __u8 *frame)
{
	__u32 at, bytes, source;
	__be16 type;

	if (!capture_settings.address_bytes && !capture_settings.client_bytes)
		return 1;
	at = ip_offset(frame, &type);
	if (type == bpf_htons(ETH_P_IP)) {
		bytes = 4;
		source = at + 12;
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		bytes = 16;
		source = at + 8;
	} else {
		return 0;
	}
	if (capture_settings.address_bytes &&
	    (bytes != capture_settings.address_bytes ||
	     (!is_address(frame + source, capture_settings.address, bytes) &&
	      !is_address(frame + source + bytes, capture_settings.address, bytes))))
		return 0;
	return !capture_settings.client_bytes ||
	       (bytes == capture_settings.client_bytes &&
		(is_in_network(frame + source) || is_in_network(frame + source + bytes)));
}

static __always_inline struct pending *this_pending(void)
{
	__u32 only = 0;

	return bpf_map_lookup_elem(&pendings, &only);
}

static __always_inline struct drops *these_drops(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&drops, &cpu);
}

/* False: nobody wants the packet. */
static __always_inline int begin_capture(struct xdp_md *ctx, struct pending *pending, const struct drops *counted)
{
	__u32 length = ctx->data_end - ctx->data;

	pending->packet.original_length = length;
	if (length > SNAP_MAX)
		length = SNAP_MAX;
	if (length < ETH_HLEN || bpf_xdp_load_bytes(ctx, 0, pending->packet.frame, length) ||
	    !matches_addresses(pending->packet.frame))
		return 0;
	pending->packet.length = length < capture_settings.snap_length ? length : capture_settings.snap_length;
	pending->packet.ifindex = ctx->ingress_ifindex;
	pending->packet.time = bpf_ktime_get_ns();
	for (__u32 i = 0; i < DROP_REASONS; i++)
		pending->drops[i] = counted->packets[i];
	return 1;
}

/* One more of this second? By two CPUs at once, one too many may be. */
static __always_inline int is_within_rate(struct capture_counts *counts, __u64 now)
{
	__u64 second = now / NS_PER_SECOND;

	if (counts->second != second) {
		counts->second = second;
		counts->in_second = 0;
	}
	return __sync_fetch_and_add(&counts->in_second, 1) < capture_settings.per_second;
}

static __always_inline void end_capture(struct pending *pending, const struct drops *counted, int action)
{
	struct capture_counts *counts;
	__u32 only = 0, length = pending->packet.length;

	counts = bpf_map_lookup_elem(&capture_counts, &only);
	if (!counts)
		return;
	pending->packet.action = action;
	pending->packet.reason = 0;
	for (__u32 i = 0; i < DROP_REASONS; i++)
		if (counted->packets[i] != pending->drops[i])
			pending->packet.reason = i + 1;
	if (capture_settings.reason != NO_REASON && pending->packet.reason != capture_settings.reason + 1)
		return;
	if (length > SNAP_MAX || !is_within_rate(counts, pending->packet.time) ||
	    bpf_ringbuf_output(&captured_packets, &pending->packet, CAPTURED_BYTES + length, 0))
		__sync_fetch_and_add(&counts->lost, 1);
}

SEC("xdp")
int weir_captured(struct xdp_md *ctx)
{
	struct pending *pending = this_pending();
	struct drops *counted = these_drops();
	int action;

	if (!pending || !counted || !begin_capture(ctx, pending, counted))
		return weir(ctx);
	action = weir(ctx);
	pending = this_pending();
	counted = these_drops();
	if (pending && counted)
		end_capture(pending, counted, action);
	return action;
}
