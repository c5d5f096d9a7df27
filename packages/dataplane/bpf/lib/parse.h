/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From bytes to the facts that a decision needs. A packet that is not for a load balancer is passed on as early as can
 * be told; a packet that lies about its lengths is dropped, as the kernel would.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include "count.h"

/* RFC 791: 13 bits of offset, and the flag "more fragments" */
#define IPV4_OFFSET bpf_htons(0x1fff)
#define IPV4_MORE bpf_htons(0x2000)
/* RFC 8200, section 4.5 */
#define IPV6_OFFSET bpf_htons(0xfff8)
#define IPV6_MORE bpf_htons(0x0001)

#define VLAN_TAGS_MAX 2
#define VLAN_TAG_BYTES 4
#define EXTENSIONS_MAX 4
/* Offsets into a packet are below this: two tags, 60 bytes of IPv4 or 40 of IPv6 with extensions. For the verifier. */
#define OFFSET_MASK 0x7ff

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

#define AH_BYTES 12
#define ESP_BYTES 8
#define SCTP_BYTES 12
#define ICMP_BYTES 8

enum packet_kind {
	KIND_FLOW, /* has all that tells its flow */
	KIND_LATER_FRAGMENT,
	KIND_ICMP,
};

/* Does the segment open a connection? */
static __always_inline int is_opening(__u8 tcp_flags)
{
	return (tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

struct packet {
	__u64 source[2];      /* as flow_hash wants it */
	__u64 destination[2]; /* as in struct directory_entry */
	__u64 destination_mac;
	__u32 ports;          /* source | destination << 16, host order */
	__u32 fragment_id;    /* as it is in the packet */
	__be16 destination_port;
	__u16 bytes;          /* of IP: header and payload, without what Ethernet padded */
	__u16 l3; /* where IP begins in the frame */
	__u16 l4; /* where the transport begins */
	__u8 protocol;
	__u8 family;        /* 4 or 6 */
	__u8 traffic_class; /* DSCP and ECN */
	__u8 ttl;
	__u8 tcp_flags;
	__u8 kind;
	__u8 begins_fragments; /* the first of several */
	__u8 plain; /* no IPv4 options, no IPv6 extension headers */
};

/* What parse() returns when the packet goes on; else an XDP action. */
#define PARSED (-1)
/* Extension headers, which the program for common packets leaves to the other one. */
#define EXTENDED (-5)

static __always_inline __u64 mapped_ipv4(__be32 address)
{
	return (__u64)address << 32 | bpf_htonl(0xffff);
}

static __always_inline void address_from_source(struct address *address, const struct packet *packet)
{
	__builtin_memcpy(address, packet->source, sizeof(*address));
}

static __always_inline void address_from_destination(struct address *address, const struct packet *packet)
{
	if (packet->family == 4)
		*address = (struct address){ .word = { packet->destination[1] >> 32 } };
	else
		__builtin_memcpy(address, packet->destination, sizeof(*address));
}

/* As mapped_ipv4() makes it, behind eight zero bytes: no packet on a wire has it (RFC 4291, section 2.5.5.2). */
static __always_inline int is_mapped_ipv4(const __u64 address[2])
{
	return !address[0] && (__u32)address[1] == bpf_htonl(0xffff);
}

/* A packet whose ports can't be found: it is ours if its address is a VIP. Defined in service.h. */
static __always_inline int unreadable(const struct packet *packet, enum drop_reason reason);

static __always_inline __u32 transport_bytes(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return sizeof(struct tcphdr);
	case IPPROTO_UDP:
		return sizeof(struct udphdr);
	case IPPROTO_SCTP:
		return SCTP_BYTES;
	case IPPROTO_ESP:
		return ESP_BYTES;
	case IPPROTO_AH:
		return AH_BYTES;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return ICMP_BYTES;
	default:
		return 0;
	}
}

static __always_inline int is_icmp(const struct packet *packet)
{
	return packet->protocol == (packet->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* `transport`: where it begins; `ip_bytes`: how much of packet->bytes stands before it. */
static __always_inline int parse_transport(struct packet *packet, void *transport, __u32 ip_bytes, void *end)
{
	__be16 *ports = transport;
	__u32 needed;

	if (packet->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = transport;

		if (ip_bytes + sizeof(*tcp) > packet->bytes || (void *)(tcp + 1) > end)
			return drop(DROP_TRUNCATED_TRANSPORT);
		packet->tcp_flags = ((__u8 *)tcp)[13];
	} else {
		needed = transport_bytes(packet->protocol);
		if (!needed || (packet->protocol == IPPROTO_ICMP && packet->family == 6) ||
		    (packet->protocol == IPPROTO_ICMPV6 && packet->family == 4))
			return XDP_PASS;
		if (ip_bytes + needed > packet->bytes || transport + ESP_BYTES > end)
			return drop(DROP_TRUNCATED_TRANSPORT);
		if (packet->protocol != IPPROTO_UDP) {
			if (is_icmp(packet)) {
				packet->kind = KIND_ICMP;
				return PARSED;
			}
			if (packet->protocol != IPPROTO_SCTP)
				return PARSED;
		}
	}
	packet->destination_port = ports[1];
	packet->ports = bpf_ntohs(ports[0]) | (__u32)bpf_ntohs(ports[1]) << 16;
	return PARSED;
}

static __always_inline int parse_ipv4(struct packet *packet, void *start, void *end)
{
	struct iphdr *ip = start;
	__u32 header_bytes;

	if ((void *)(ip + 1) > end)
		return drop(DROP_TRUNCATED_IPV4);
	header_bytes = ip->ihl * 4;
	packet->bytes = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header_bytes < sizeof(*ip) || packet->bytes < header_bytes)
		return drop(DROP_MALFORMED_IPV4);
	if (start + packet->bytes > end)
		return drop(DROP_TRUNCATED_IPV4);
	packet->family = 4;
	packet->protocol = ip->protocol;
	packet->traffic_class = ip->tos;
	packet->ttl = ip->ttl;
	packet->source[0] = ip->saddr;
	packet->source[1] = 0;
	packet->destination[0] = 0;
	packet->destination[1] = mapped_ipv4(ip->daddr);
	packet->plain = header_bytes == sizeof(*ip);
	packet->l4 = packet->l3 + header_bytes;
	if (ip->frag_off & (IPV4_OFFSET | IPV4_MORE)) {
		packet->fragment_id = ip->id;
		if (ip->frag_off & IPV4_OFFSET) {
			packet->kind = KIND_LATER_FRAGMENT;
			return PARSED;
		}
		packet->begins_fragments = 1;
	}
	return parse_transport(packet, start + header_bytes, header_bytes, end);
}

static __always_inline int is_extension_header(__u8 next_header)
{
	return next_header == IPPROTO_HOPOPTS || next_header == IPPROTO_ROUTING || next_header == IPPROTO_FRAGMENT ||
	       next_header == IPPROTO_DSTOPTS;
}

struct extension_header {
	__u8 next_header;
	__u8 bytes; /* in units of 8, without the first 8; of a fragment header: reserved */
	__be16 offset;         /* of a fragment header: RFC 8200, section 4.5 */
	__be32 identification;
};

/* Where a walk along extension headers has come to. */
struct extensions {
	__u32 offset;
	__u32 fragment_id;
	__u8 protocol;
	__u8 begins_fragments;
	__u8 is_later_fragment; /* the walk ends there: what follows is payload */
};

/* Returns false when there are more than are looked through, or one is cut off. */
static __always_inline int walk_extensions(void *start, void *end, __u32 at_most, struct extensions *walk)
{
	for (int i = 0; i < EXTENSIONS_MAX && is_extension_header(walk->protocol); i++) {
		struct extension_header *header = start + (walk->offset & OFFSET_MASK);

		if (walk->offset > OFFSET_MASK || walk->offset + sizeof(*header) > at_most || (void *)(header + 1) > end)
			return 0;
		if (walk->protocol == IPPROTO_FRAGMENT) {
			walk->fragment_id = header->identification;
			walk->offset += sizeof(*header);
			walk->protocol = header->next_header;
			if (header->offset & IPV6_OFFSET) {
				walk->is_later_fragment = 1;
				return 1;
			}
			walk->begins_fragments = header->offset & IPV6_MORE ? 1 : 0;
		} else {
			walk->offset += (header->bytes + 1) * 8;
			walk->protocol = header->next_header;
		}
	}
	return !is_extension_header(walk->protocol) && walk->offset <= OFFSET_MASK && walk->offset <= at_most;
}

SEPARATE int parse_extensions(struct xdp_md *ctx, struct packet *packet)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct extensions walk = {};

	if (!packet)
		return XDP_DROP;
	walk.offset = packet->l4;
	walk.protocol = packet->protocol;
	if (!walk_extensions(start, end, packet->l3 + packet->bytes, &walk))
		return unreadable(packet, DROP_EXTENSION_HEADER);
	packet->plain = 0;
	packet->protocol = walk.protocol;
	packet->fragment_id = walk.fragment_id;
	packet->begins_fragments = walk.begins_fragments;
	packet->l4 = walk.offset;
	if (walk.is_later_fragment) {
		packet->kind = KIND_LATER_FRAGMENT;
		return PARSED;
	}
	return parse_transport(packet, start + (walk.offset & OFFSET_MASK), walk.offset - packet->l3, end);
}

static __always_inline int parse_ipv6(struct packet *packet, void *start, void *end)
{
	struct ipv6hdr *ip = start;
	const __u64 *addresses;
	__u32 bytes;

	if ((void *)(ip + 1) > end)
		return drop(DROP_TRUNCATED_IPV6);
	if (ip->version != 6)
		return drop(DROP_MALFORMED_IPV6);
	bytes = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (start + bytes > end || bytes > 0xffff)
		return drop(DROP_TRUNCATED_IPV6);
	addresses = (const void *)&ip->saddr;
	packet->bytes = bytes;
	packet->family = 6;
	packet->protocol = ip->nexthdr;
	packet->traffic_class = bpf_ntohs(*(__be16 *)start) >> 4;
	packet->ttl = ip->hop_limit;
	packet->source[0] = addresses[0];
	packet->source[1] = addresses[1];
	packet->destination[0] = addresses[2];
	packet->destination[1] = addresses[3];
	packet->plain = 1;
	packet->l4 = packet->l3 + sizeof(*ip);
	/* Here it would be an IPv4 address. */
	if (is_mapped_ipv4(packet->destination))
		return XDP_PASS;
	if (is_extension_header(ip->nexthdr))
		return EXTENDED;
	return parse_transport(packet, ip + 1, sizeof(*ip), end);
}

static __always_inline int is_vlan(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD);
}

static __always_inline int parse(struct xdp_md *ctx, struct packet *packet)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *ethernet = start;
	void *l3 = ethernet + 1;
	__be16 ethertype;

	if (l3 > end)
		return XDP_PASS;
	packet->destination_mac = *(__u32 *)start | (__u64)*(__u16 *)(start + 4) << 32;
	ethertype = ethernet->h_proto;
	for (int i = 0; i < VLAN_TAGS_MAX && is_vlan(ethertype); i++) {
		/* The tag's control information, then the type of what follows (IEEE 802.1Q). */
		if (l3 + VLAN_TAG_BYTES > end)
			return XDP_PASS;
		ethertype = *(__be16 *)(l3 + 2);
		l3 += VLAN_TAG_BYTES;
	}
	packet->l3 = l3 - start;
	if (ethertype == bpf_htons(ETH_P_IP))
		return parse_ipv4(packet, l3, end);
	if (ethertype == bpf_htons(ETH_P_IPV6))
		return parse_ipv6(packet, l3, end);
	return XDP_PASS;
}
