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

/* RFC 791: offset of 13 bits and the flag "more fragments" */
#define IPV4_FRAGMENT bpf_htons(0x3fff)

struct packet {
	__u64 source[2];      /* as flow_hash wants it */
	__u64 destination[2]; /* as in struct directory_entry */
	__u32 ports;          /* source | destination << 16, host order */
	__u64 destination_mac;
	__be16 destination_port;
	__u8 protocol;
	__u8 family;        /* 4 or 6 */
	__u8 traffic_class; /* DSCP and ECN */
	__u16 bytes;        /* of IP: header and payload, without what Ethernet padded */
};

/* What parse() returns when the packet goes on; else an XDP action. */
#define PARSED (-1)

/* The header has to lie inside what IP claims, not only inside the frame; the second compare is for the verifier. */
static __always_inline int parse_transport(struct packet *packet, const __be16 *ports, __u32 ip_header_bytes,
					   const void *end)
{
	__u32 header_bytes = packet->protocol == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof(struct udphdr);

	if (ip_header_bytes + header_bytes > packet->bytes || (const void *)(ports + 2) > end)
		return drop(DROP_TRUNCATED_TRANSPORT);
	packet->destination_port = ports[1];
	packet->ports = bpf_ntohs(ports[0]) | (__u32)bpf_ntohs(ports[1]) << 16;
	return PARSED;
}

static __always_inline __u64 mapped_ipv4(__be32 address)
{
	return (__u64)address << 32 | bpf_htonl(0xffff);
}

/* A packet whose ports can't be read: it is ours if its address is a VIP. Defined in service.h. */
static __always_inline int unreadable(const struct packet *packet, enum drop_reason reason);

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
	packet->source[0] = ip->saddr;
	packet->source[1] = 0;
	packet->destination[0] = 0;
	packet->destination[1] = mapped_ipv4(ip->daddr);
	if (ip->frag_off & IPV4_FRAGMENT)
		return unreadable(packet, DROP_FRAGMENT);
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	return parse_transport(packet, start + header_bytes, header_bytes, end);
}

static __always_inline int is_extension_header(__u8 next_header)
{
	return next_header == IPPROTO_HOPOPTS || next_header == IPPROTO_ROUTING || next_header == IPPROTO_FRAGMENT ||
	       next_header == IPPROTO_DSTOPTS;
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
	packet->source[0] = addresses[0];
	packet->source[1] = addresses[1];
	packet->destination[0] = addresses[2];
	packet->destination[1] = addresses[3];
	if (is_extension_header(ip->nexthdr))
		return unreadable(packet, ip->nexthdr == IPPROTO_FRAGMENT ? DROP_FRAGMENT : DROP_EXTENSION_HEADER);
	if (ip->nexthdr != IPPROTO_TCP && ip->nexthdr != IPPROTO_UDP)
		return XDP_PASS;
	return parse_transport(packet, (const void *)(ip + 1), sizeof(*ip), end);
}

static __always_inline int parse(struct xdp_md *ctx, struct packet *packet)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *ethernet = start;

	if ((void *)(ethernet + 1) > end)
		return XDP_PASS;
	packet->destination_mac = *(__u32 *)start | (__u64)*(__u16 *)(start + 4) << 32;
	if (ethernet->h_proto == bpf_htons(ETH_P_IP))
		return parse_ipv4(packet, ethernet + 1, end);
	if (ethernet->h_proto == bpf_htons(ETH_P_IPV6))
		return parse_ipv6(packet, ethernet + 1, end);
	return XDP_PASS;
}
