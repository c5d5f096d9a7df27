/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The outer headers. IPIP: RFC 2003 (IPv4 in IPv4), RFC 2473 (in IPv6), RFC 4213 (IPv6 in IPv4). GRE: RFC 2784, no
 * optional field. GUE: UDP and the four bytes of draft-ietf-intarea-gue-09 section 3.1, variant 0; FOU: UDP alone. With
 * hops: GUE with the backends to try next as its private data (docs/packet-path.md, section 4). The
 * traffic class is copied: DSCP uniform, ECN as RFC 6040 section 4.1 (normal mode) wants.
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
#include "choice.h"
#include "count.h"
#include "ethernet.h"
#include "parse.h"
#include "tables.h"

#define OUTER_TTL 64

struct gue_header {
	__u8 variant_control_length; /* all zero: variant 0, data, no extension fields */
	__u8 protocol;
	__be16 flags;
};

struct gre_header {
	__be16 flags; /* all zero: no checksum, version 0 */
	__be16 protocol;
};

/* GUE's private data: where a packet goes that the outer destination does not know. Addresses follow. */
struct hop_list {
	__be16 type; /* HOPS_IPV4, HOPS_IPV6 */
	__u8 next;   /* index of the hop to try next */
	__u8 count;
};

#define HOPS_IPV4 0
#define HOPS_IPV6 1

#define GUE_BYTES (sizeof(struct udphdr) + sizeof(struct gue_header))
#define FOU_BYTES sizeof(struct udphdr)
#define GRE_BYTES sizeof(struct gre_header)

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
	ip->saddr = backend->source.word[0];
	ip->daddr = backend->destination.word[0];
}

/* The flow label carries the flow's hash, so that routers spread the tunnel (RFC 6438). */
static __always_inline void write_ipv6(struct ipv6hdr *ip, const struct backend *backend, __u8 traffic_class,
				       __u8 protocol, __u16 payload_bytes, __u32 hash)
{
	*(__be32 *)ip = bpf_htonl(0x60000000 | (__u32)traffic_class << 20 | (hash & 0xfffff));
	ip->payload_len = bpf_htons(payload_bytes);
	ip->nexthdr = protocol;
	ip->hop_limit = OUTER_TTL;
	__builtin_memcpy(&ip->saddr, &backend->source, 16);
	__builtin_memcpy(&ip->daddr, &backend->destination, 16);
}

/* The source port carries the flow's hash; a checksum of zero is legal on IPv4, and on IPv6 for tunnels (RFC 6935). */
static __always_inline void write_udp(struct udphdr *udp, const struct backend *backend, __u32 payload_bytes, __u32 hash)
{
	udp->source = bpf_htons(0xc000 | hash >> 18);
	udp->dest = backend->gue_port;
	udp->len = bpf_htons(sizeof(*udp) + payload_bytes);
	udp->check = 0;
}

/* What stands between the outer IP header and the packet. */
static __always_inline void write_shim(void *start, const struct backend *backend, const struct packet *packet,
				       __u32 hash, const enum method method)
{
	if (method == METHOD_GRE) {
		struct gre_header *gre = start;

		gre->flags = 0;
		gre->protocol = packet->family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	} else if (method == METHOD_FOU) {
		write_udp(start, backend, packet->bytes, hash);
	} else if (method == METHOD_GUE) {
		struct gue_header *gue = start + sizeof(struct udphdr);

		write_udp(start, backend, sizeof(*gue) + packet->bytes, hash);
		gue->variant_control_length = 0;
		gue->protocol = inner_protocol(packet);
		gue->flags = 0;
	}
}

static __always_inline __u32 shim_bytes(__u8 method)
{
	if (method == METHOD_IPIP)
		return 0;
	return method == METHOD_GUE ? GUE_BYTES : method == METHOD_FOU ? FOU_BYTES : GRE_BYTES;
}

static __always_inline int is_tunnel(__u8 method)
{
	return method < METHOD_DR;
}

static __always_inline __u32 address_bytes(const struct backend *backend)
{
	return backend->outer_family == 4 ? 4 : 16;
}

static __always_inline __u32 outer_bytes(const struct backend *backend, __u64 hops)
{
	__u32 bytes = backend->outer_family == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);

	if (!is_tunnel(backend->method))
		return 0;
	if (backend->method == METHOD_HOPS)
		return bytes + GUE_BYTES + sizeof(struct hop_list) + hop_count(hops) * address_bytes(backend);
	return bytes + shim_bytes(backend->method);
}

static __always_inline int write_outer(struct xdp_md *ctx, const struct backend *backend, const struct nexthop *nexthop,
				       const struct packet *packet, __u32 hash, const __u32 ip_bytes,
				       const enum method method)
{
	const __u32 shim = shim_bytes(method);
	__u8 protocol = method == METHOD_IPIP ? inner_protocol(packet) :
			method == METHOD_GRE  ? IPPROTO_GRE :
						IPPROTO_UDP;
	__be16 ethertype = ip_bytes == sizeof(struct iphdr) ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	void *outer = write_ethernet(ctx, packet, nexthop, ethertype, ip_bytes + shim);

	if (!outer)
		return drop(DROP_NO_HEADROOM);
	if (ip_bytes == sizeof(struct iphdr))
		write_ipv4(outer, backend, packet->traffic_class, protocol, ip_bytes + shim + packet->bytes);
	else
		write_ipv6(outer, backend, packet->traffic_class, protocol, shim + packet->bytes, hash);
	write_shim(outer + ip_bytes, backend, packet, hash, method);
	return WRITTEN;
}

/* Each call has constant lengths: the verifier and the compiler both want them. */
static __always_inline int encapsulate_over(struct xdp_md *ctx, const struct backend *backend,
					    const struct nexthop *nexthop, const struct packet *packet, __u32 hash,
					    const __u32 ip_bytes)
{
	switch (backend->method) {
	case METHOD_IPIP:
		return write_outer(ctx, backend, nexthop, packet, hash, ip_bytes, METHOD_IPIP);
	case METHOD_GUE:
		return write_outer(ctx, backend, nexthop, packet, hash, ip_bytes, METHOD_GUE);
	case METHOD_FOU:
		return write_outer(ctx, backend, nexthop, packet, hash, ip_bytes, METHOD_FOU);
	default:
		return write_outer(ctx, backend, nexthop, packet, hash, ip_bytes, METHOD_GRE);
	}
}

/* Addresses of the hops, one after another. */
static __always_inline int write_hops(void *at, void *end, __u64 hops, const __u32 bytes)
{
	for (__u32 i = 0; i < HOPS_MAX; i++) {
		__u32 slot = slot_at(hops, i);
		const struct backend *backend;

		if (slot == NO_BACKEND)
			break;
		backend = bpf_map_lookup_elem(&backends, &slot);
		if (!backend || at + bytes > end)
			return drop(DROP_NO_HEADROOM);
		__builtin_memcpy(at, &backend->destination, bytes);
		at += bytes;
	}
	return WRITTEN;
}

static __always_inline int write_outer_with_hops(struct xdp_md *ctx, const struct backend *backend,
						 const struct nexthop *nexthop, const struct packet *packet,
						 __u32 hash, __u64 hops, const __u32 ip_bytes)
{
	const __u32 hop_bytes = ip_bytes == sizeof(struct iphdr) ? 4 : 16;
	__be16 ethertype = ip_bytes == sizeof(struct iphdr) ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	__u32 count = hop_count(hops);
	__u32 optional = sizeof(struct hop_list) + count * hop_bytes, shim = GUE_BYTES + optional;
	void *outer = write_ethernet(ctx, packet, nexthop, ethertype, ip_bytes + shim);
	void *end = (void *)(long)ctx->data_end;
	struct gue_header *gue = outer + ip_bytes + sizeof(struct udphdr);
	struct hop_list *list = (void *)(gue + 1);

	if (!outer || (void *)(list + 1) > end)
		return drop(DROP_NO_HEADROOM);
	if (ip_bytes == sizeof(struct iphdr))
		write_ipv4(outer, backend, packet->traffic_class, IPPROTO_UDP, ip_bytes + shim + packet->bytes);
	else
		write_ipv6(outer, backend, packet->traffic_class, IPPROTO_UDP, shim + packet->bytes, hash);
	write_udp(outer + ip_bytes, backend, sizeof(*gue) + optional + packet->bytes, hash);
	gue->variant_control_length = optional / 4;
	gue->protocol = inner_protocol(packet);
	gue->flags = 0;
	list->type = ip_bytes == sizeof(struct iphdr) ? bpf_htons(HOPS_IPV4) : bpf_htons(HOPS_IPV6);
	list->next = 0;
	list->count = count;
	return write_hops(list + 1, end, hops, hop_bytes);
}

static __always_inline int encapsulate_with_hops(struct xdp_md *ctx, const struct backend *backend,
						 const struct nexthop *nexthop, const struct packet *packet,
						 __u32 hash, __u64 hops)
{
	if (backend->outer_family == 4)
		return write_outer_with_hops(ctx, backend, nexthop, packet, hash, hops, sizeof(struct iphdr));
	return write_outer_with_hops(ctx, backend, nexthop, packet, hash, hops, sizeof(struct ipv6hdr));
}

static __always_inline int encapsulate(struct xdp_md *ctx, const struct backend *backend, const struct nexthop *nexthop,
				       const struct packet *packet, __u32 hash)
{
	if (backend->outer_family == 4)
		return encapsulate_over(ctx, backend, nexthop, packet, hash, sizeof(struct iphdr));
	return encapsulate_over(ctx, backend, nexthop, packet, hash, sizeof(struct ipv6hdr));
}
