/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The outer headers. IPIP: RFC 2003 (IPv4 in IPv4), RFC 2473 (in IPv6), RFC 4213 (IPv6 in IPv4). GRE: RFC 2784, no
 * optional field. GUE: UDP and the four bytes of draft-ietf-intarea-gue-09 section 3.1, variant 0; FOU: UDP alone. With
 * hops: GUE with the backends to try next as its private data (docs/packet-path.md, section 4). The
 * traffic class is copied: DSCP uniform, ECN as RFC 6040 section 4.1 (normal mode) wants.
 */
#pragma once
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include "backend.h"

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

static __always_inline __u8 inner_protocol(__u8 family)
{
	return family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
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

/* What stands between the outer IP header and the packet, which is of this family and length. */
static __always_inline void write_shim(void *start, const struct backend *backend, __u8 family, __u32 bytes, __u32 hash,
				       const enum method method)
{
	if (method == METHOD_GRE) {
		struct gre_header *gre = start;

		gre->flags = 0;
		gre->protocol = family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	} else if (method == METHOD_FOU) {
		write_udp(start, backend, bytes, hash);
	} else if (method == METHOD_GUE) {
		struct gue_header *gue = start + sizeof(struct udphdr);

		write_udp(start, backend, sizeof(*gue) + bytes, hash);
		gue->variant_control_length = 0;
		gue->protocol = inner_protocol(family);
		gue->flags = 0;
	}
}

static __always_inline __u32 shim_bytes(__u8 method)
{
	if (method == METHOD_IPIP)
		return 0;
	return method == METHOD_GUE ? GUE_BYTES : method == METHOD_FOU ? FOU_BYTES : GRE_BYTES;
}
