/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The outer headers. IPIP: RFC 2003 (IPv4 in IPv4), RFC 2473 (in IPv6), RFC 4213 (IPv6 in IPv4). GUE: UDP and the four
 * bytes of draft-ietf-intarea-gue-09 section 3.1, variant 0. The traffic class is copied: DSCP uniform, ECN as RFC 6040
 * section 4.1 (normal mode) wants.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "count.h"
#include "parse.h"
#include "tables.h"

#define OUTER_TTL 64
#define ENCAPSULATED (-1)

struct gue_header {
	__u8 variant_control_length; /* all zero: variant 0, data, no extension fields */
	__u8 protocol;
	__be16 flags;
};

#define GUE_BYTES (sizeof(struct udphdr) + sizeof(struct gue_header))

static __always_inline __u8 inner_protocol(const struct packet *packet)
{
	return packet->family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
}

/* What is the same in each packet for this backend was summed in user space; identification is 0 with DF (RFC 6864). */
static __always_inline void write_ipv4(struct iphdr *ip, const struct backend *backend, __u8 traffic_class,
				       __u8 protocol, __u16 bytes)
{
	__u32 sum = (__u32)backend->outer_checksum + bpf_htons(traffic_class) + bpf_htons(bytes) + bpf_htons(protocol);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	*(__be16 *)ip = bpf_htons(0x4500 | traffic_class);
	ip->tot_len = bpf_htons(bytes);
	ip->id = 0;
	ip->frag_off = bpf_htons(0x4000);
	ip->ttl = OUTER_TTL;
	ip->protocol = protocol;
	ip->check = ~sum;
	ip->saddr = backend->source[0];
	ip->daddr = backend->destination[0];
}

/* The flow label carries the flow's hash, so that routers spread the tunnel (RFC 6438). */
static __always_inline void write_ipv6(struct ipv6hdr *ip, const struct backend *backend, __u8 traffic_class,
				       __u8 protocol, __u16 payload_bytes, __u32 hash)
{
	*(__be32 *)ip = bpf_htonl(0x60000000 | (__u32)traffic_class << 20 | (hash & 0xfffff));
	ip->payload_len = bpf_htons(payload_bytes);
	ip->nexthdr = protocol;
	ip->hop_limit = OUTER_TTL;
	__builtin_memcpy(&ip->saddr, backend->source, 16);
	__builtin_memcpy(&ip->daddr, backend->destination, 16);
}

/* The source port carries the flow's hash; a checksum of zero is legal on IPv4, and on IPv6 for tunnels (RFC 6935). */
static __always_inline void write_gue(void *start, const struct backend *backend, const struct packet *packet,
				      __u32 hash)
{
	struct udphdr *udp = start;
	struct gue_header *gue = (void *)(udp + 1);

	udp->source = bpf_htons(0xc000 | hash >> 18);
	udp->dest = backend->gue_port;
	udp->len = bpf_htons(packet->bytes + GUE_BYTES);
	udp->check = 0;
	gue->variant_control_length = 0;
	gue->protocol = inner_protocol(packet);
	gue->flags = 0;
}

static __always_inline __u32 outer_bytes(const struct backend *backend)
{
	return (backend->outer_family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) +
	       (backend->encapsulation == ENCAPSULATION_GUE ? GUE_BYTES : 0);
}

static __always_inline int write_outer(struct xdp_md *ctx, const struct backend *backend,
				       const struct backend_cpu *nexthop, const struct packet *packet, __u32 hash,
				       const __u32 ip_bytes, const __u32 gue_bytes)
{
	void *start, *end, *outer;
	__u8 protocol = gue_bytes ? IPPROTO_UDP : inner_protocol(packet);

	if (bpf_xdp_adjust_head(ctx, -(int)(ip_bytes + gue_bytes)))
		return drop(DROP_NO_HEADROOM);
	start = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	outer = start + ETH_HLEN;
	if (outer + ip_bytes + gue_bytes > end)
		return drop(DROP_NO_HEADROOM);
	__builtin_memcpy(start, nexthop->ethernet, 12);
	if (ip_bytes == sizeof(struct iphdr)) {
		*(__be16 *)(start + 12) = bpf_htons(ETH_P_IP);
		write_ipv4(outer, backend, packet->traffic_class, protocol, ip_bytes + gue_bytes + packet->bytes);
	} else {
		*(__be16 *)(start + 12) = bpf_htons(ETH_P_IPV6);
		write_ipv6(outer, backend, packet->traffic_class, protocol, gue_bytes + packet->bytes, hash);
	}
	if (gue_bytes)
		write_gue(outer + ip_bytes, backend, packet, hash);
	return ENCAPSULATED;
}

/* Each call has constant lengths: the verifier and the compiler both want them. */
static __always_inline int encapsulate(struct xdp_md *ctx, const struct backend *backend,
				       const struct backend_cpu *nexthop, const struct packet *packet, __u32 hash)
{
	if (backend->outer_family == 4) {
		if (backend->encapsulation == ENCAPSULATION_IPIP)
			return write_outer(ctx, backend, nexthop, packet, hash, sizeof(struct iphdr), 0);
		return write_outer(ctx, backend, nexthop, packet, hash, sizeof(struct iphdr), GUE_BYTES);
	}
	if (backend->encapsulation == ENCAPSULATION_IPIP)
		return write_outer(ctx, backend, nexthop, packet, hash, sizeof(struct ipv6hdr), 0);
	return write_outer(ctx, backend, nexthop, packet, hash, sizeof(struct ipv6hdr), GUE_BYTES);
}
