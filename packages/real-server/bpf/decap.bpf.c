// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * On a backend: takes the outer headers off packets that a node sent, and hands the inner packet to the kernel as if it
 * had come from the wire. Only what is for a VIP of this host is touched. For kernels without tunnel devices, and
 * faster than those.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "lib/ecn.h"
#include "lib/ipv4_checksum.h"

enum encapsulation { ENCAPSULATION_IPIP, ENCAPSULATION_GRE, ENCAPSULATION_GUE };

/* Set before load; the only object in .rodata. */
struct settings {
	__u32 enabled; /* bit by enum encapsulation */
	__be16 gue_port;
	__u16 padding;
};
const volatile struct settings settings = {};

/* Read by index in src/decapsulation.ts. The first six are found by enum encapsulation and the inner family. */
enum counter {
	COUNT_IPIP_IPV4,
	COUNT_IPIP_IPV6,
	COUNT_GRE_IPV4,
	COUNT_GRE_IPV6,
	COUNT_GUE_IPV4,
	COUNT_GUE_IPV6,
	COUNT_NOT_A_VIP,
	COUNT_TRUNCATED,
	COUNT_MALFORMED_OUTER,
	COUNT_MALFORMED_GRE,
	COUNT_MALFORMED_GUE,
	COUNT_OUTER_FRAGMENT,
	COUNT_ECN_CONFLICT,
	COUNTERS = 16,
};

struct counters {
	__u64 packets[COUNTERS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* possible CPUs */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

/*
 * What the agent changed on this host, as JSON; no program reads it. It is a map because it must share the fate of the
 * link: pinned beside it, gone with it at a reboot.
 */
struct agent_record {
	char json[1 << 17]; /* 1024 VIPs, and what settings were before */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct agent_record);
} agent_record SEC(".maps");

/* IPv4 as ::ffff:a.b.c.d. */
struct vip {
	__u32 address[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct vip);
	__type(value, __u32);
} vips SEC(".maps");

/* The interface's own MAC address, as is_for_this_host() reads it; 0: any will do. */
struct interface {
	__u64 mac;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct interface);
} interface SEC(".maps");

/* What the outer headers say. */
struct tunnel {
	__u32 inner;   /* offset of the inner packet in the frame */
	__u8 protocol; /* IPPROTO_IPIP or IPPROTO_IPV6: what the inner packet is */
	__u8 ecn;
	__u8 encapsulation;
};

/* RFC 8200, section 4.5. */
struct fragment_header {
	__u8 protocol;
	__u8 reserved;
	__be16 offset;
	__be32 identification;
};

#define FOUND (-1)
#define GRE_CHECKSUM 0x8000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_RESERVED 0x4fff /* routing (RFC 1701), reserved bits and version, all 0 in RFC 2784 and 2890 */
#define GUE_CONTROL 0x20
#define IPV4_FRAGMENT 0x3fff /* more fragments, and the offset */
#define IPV4_OFFSET 0x1fff
#define IPV6_OFFSET 0xfff8
#define OFFSET_MAX 255 /* more than 60 bytes of IP, 8 of UDP and 128 of GUE after Ethernet */

static __always_inline void count(enum counter which)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct counters *mine = bpf_map_lookup_elem(&counters, &cpu);

	if (mine)
		mine->packets[which & (COUNTERS - 1)]++;
}

static __always_inline int drop(enum counter why)
{
	count(why);
	return XDP_DROP;
}

/* A tunnel of somebody else on this host, or a VIP that was taken off it. */
static __always_inline int pass_not_a_vip(void)
{
	count(COUNT_NOT_A_VIP);
	return XDP_PASS;
}

static __always_inline int is_enabled(enum encapsulation encapsulation)
{
	return settings.enabled & 1 << encapsulation;
}

static __always_inline int parse_gre(void *start, void *end, struct tunnel *tunnel)
{
	__be16 *header = start + tunnel->inner;
	__u16 flags;

	if ((void *)(header + 2) > end)
		return drop(COUNT_TRUNCATED);
	flags = bpf_ntohs(header[0]);
	if (flags & GRE_RESERVED)
		return drop(COUNT_MALFORMED_GRE);
	if (header[1] == bpf_htons(ETH_P_IP))
		tunnel->protocol = IPPROTO_IPIP;
	else if (header[1] == bpf_htons(ETH_P_IPV6))
		tunnel->protocol = IPPROTO_IPV6;
	else
		return XDP_PASS;
	/* RFC 2890: checksum and reserved, key, sequence number, 4 bytes each. TCP and UDP have sums of their own. */
	tunnel->inner += 4;
	if (flags & GRE_CHECKSUM)
		tunnel->inner += 4;
	if (flags & GRE_KEY)
		tunnel->inner += 4;
	if (flags & GRE_SEQUENCE)
		tunnel->inner += 4;
	tunnel->encapsulation = ENCAPSULATION_GRE;
	return FOUND;
}

static __always_inline int parse_gue(void *start, void *end, struct tunnel *tunnel)
{
	struct udphdr *udp = start + tunnel->inner;
	__u8 *gue = (void *)(udp + 1);

	if ((void *)(udp + 1) > end)
		return drop(COUNT_TRUNCATED);
	if (udp->dest != settings.gue_port)
		return XDP_PASS;
	if ((void *)(gue + 4) > end)
		return drop(COUNT_TRUNCATED);
	tunnel->encapsulation = ENCAPSULATION_GUE;
	if (gue[0] >> 6 == 1) {
		/* Variant 1: the bits that say so are the first of an IP version, 4 or 6 (draft-ietf-intarea-gue-09, 4). */
		tunnel->inner += sizeof(*udp);
		tunnel->protocol = gue[0] >> 4 == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
		return gue[0] >> 4 == 4 || gue[0] >> 4 == 6 ? FOUND : drop(COUNT_MALFORMED_GUE);
	}
	/* Variant 0; a control message is not a packet for anybody here. */
	if (gue[0] >> 6 || gue[0] & GUE_CONTROL)
		return drop(COUNT_MALFORMED_GUE);
	tunnel->protocol = gue[1];
	tunnel->inner += sizeof(*udp) + 4 + (gue[0] & 0x1f) * 4;
	if (tunnel->protocol != IPPROTO_IPIP && tunnel->protocol != IPPROTO_IPV6)
		return drop(COUNT_MALFORMED_GUE);
	return FOUND;
}

static __always_inline int parse_payload(void *start, void *end, struct tunnel *tunnel, __u8 protocol)
{
	if ((protocol == IPPROTO_IPIP || protocol == IPPROTO_IPV6) && is_enabled(ENCAPSULATION_IPIP)) {
		tunnel->protocol = protocol;
		tunnel->encapsulation = ENCAPSULATION_IPIP;
		return FOUND;
	}
	if (protocol == IPPROTO_GRE && is_enabled(ENCAPSULATION_GRE))
		return parse_gre(start, end, tunnel);
	if (protocol == IPPROTO_UDP && is_enabled(ENCAPSULATION_GUE))
		return parse_gue(start, end, tunnel);
	return XDP_PASS;
}

/*
 * A tunnel packet in fragments means an MTU that is too small on the way. A service's own UDP may be fragmented, and only
 * the first fragment tells the two apart; the others then wait in vain in the kernel.
 */
static __always_inline int refuse_fragment(struct udphdr *udp, void *end, __u8 protocol, int is_first)
{
	if ((protocol == IPPROTO_IPIP || protocol == IPPROTO_IPV6) && is_enabled(ENCAPSULATION_IPIP))
		return drop(COUNT_OUTER_FRAGMENT);
	if (protocol == IPPROTO_GRE && is_enabled(ENCAPSULATION_GRE))
		return drop(COUNT_OUTER_FRAGMENT);
	if (protocol == IPPROTO_UDP && is_enabled(ENCAPSULATION_GUE) && is_first && (void *)(udp + 1) <= end &&
	    udp->dest == settings.gue_port)
		return drop(COUNT_OUTER_FRAGMENT);
	return XDP_PASS;
}

static __always_inline int parse_outer(void *start, void *end, struct tunnel *tunnel)
{
	struct ethhdr *ethernet = start;
	int verdict;

	if ((void *)(ethernet + 1) > end)
		return XDP_PASS;
	if (ethernet->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(ethernet + 1);

		if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
			return XDP_PASS; /* the kernel counts these */
		tunnel->inner = sizeof(*ethernet) + ip->ihl * 4;
		tunnel->ecn = ip->tos & ECN_MASK;
		if (ip->frag_off & bpf_htons(IPV4_FRAGMENT))
			return refuse_fragment(start + tunnel->inner, end, ip->protocol,
					       !(ip->frag_off & bpf_htons(IPV4_OFFSET)));
		verdict = parse_payload(start, end, tunnel, ip->protocol);
		/* No tunnel device of the kernel sees this header any more, so its sum is checked here. */
		if (verdict == FOUND && !is_ipv4_checksum_right(ip, end))
			return drop(COUNT_MALFORMED_OUTER);
		return verdict;
	}
	if (ethernet->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(ethernet + 1);

		if ((void *)(ip + 1) > end || ip->version != 6)
			return XDP_PASS;
		if (ip->nexthdr == IPPROTO_FRAGMENT) {
			struct fragment_header *fragment = (void *)(ip + 1);

			if ((void *)(fragment + 1) > end)
				return XDP_PASS;
			return refuse_fragment((void *)(fragment + 1), end, fragment->protocol,
					       !(fragment->offset & bpf_htons(IPV6_OFFSET)));
		}
		tunnel->inner = sizeof(*ethernet) + sizeof(*ip);
		tunnel->ecn = bpf_ntohs(*(__be16 *)ip) >> 4 & ECN_MASK;
		return parse_payload(start, end, tunnel, ip->nexthdr);
	}
	return XDP_PASS;
}

/*
 * Was the frame sent to this host? A switch floods what it has no port for, and the interface may be promiscuous: then
 * every backend sees the packet, and all but one would answer the client with RST.
 */
static __always_inline int is_for_this_host(const void *start, const void *end)
{
	__u32 only = 0;
	const struct interface *own = bpf_map_lookup_elem(&interface, &only);

	if (!own || !own->mac)
		return 1;
	if (start + ETH_ALEN > end)
		return 0;
	return own->mac == (*(__u32 *)start | (__u64)*(__u16 *)(start + 4) << 32);
}

/* Is the inner packet for a VIP of this host? Then its ECN field is made right. */
static __always_inline int accept_ipv4(struct iphdr *ip, void *end, __u8 ecn)
{
	struct vip vip = {};
	int merged;

	if ((void *)(ip + 1) > end)
		return drop(COUNT_TRUNCATED);
	vip.address[2] = bpf_htonl(0xffff);
	vip.address[3] = ip->daddr;
	if (!bpf_map_lookup_elem(&vips, &vip))
		return pass_not_a_vip();
	merged = merged_ecn(ecn, ip->tos & ECN_MASK);
	if (merged < 0)
		return drop(COUNT_ECN_CONFLICT);
	if (merged != (ip->tos & ECN_MASK))
		set_ecn_ipv4(ip, merged);
	return FOUND;
}

static __always_inline int accept_ipv6(struct ipv6hdr *ip, void *end, __u8 ecn)
{
	struct vip vip;
	int merged;
	__u8 inner;

	if ((void *)(ip + 1) > end)
		return drop(COUNT_TRUNCATED);
	__builtin_memcpy(&vip, &ip->daddr, sizeof(vip));
	if (!bpf_map_lookup_elem(&vips, &vip))
		return pass_not_a_vip();
	inner = bpf_ntohs(*(__be16 *)ip) >> 4 & ECN_MASK;
	merged = merged_ecn(ecn, inner);
	if (merged < 0)
		return drop(COUNT_ECN_CONFLICT);
	if (merged != inner)
		set_ecn_ipv6(ip, merged);
	return FOUND;
}

SEC("xdp")
int decap(struct xdp_md *ctx)
{
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct tunnel tunnel = {};
	struct ethhdr *ethernet;
	__u8 addresses[2 * ETH_ALEN];
	int verdict;

	if (!is_for_this_host(start, end))
		return XDP_PASS;
	verdict = parse_outer(start, end, &tunnel);
	if (verdict != FOUND)
		return verdict;
	if (tunnel.inner > OFFSET_MAX || start + tunnel.inner > end)
		return drop(COUNT_TRUNCATED);
	verdict = tunnel.protocol == IPPROTO_IPIP ? accept_ipv4(start + tunnel.inner, end, tunnel.ecn)
						  : accept_ipv6(start + tunnel.inner, end, tunnel.ecn);
	if (verdict != FOUND)
		return verdict;

	/* The addresses of the frame go to where the inner packet's Ethernet header will be. */
	if (start + sizeof(addresses) > end)
		return drop(COUNT_TRUNCATED);
	__builtin_memcpy(addresses, start, sizeof(addresses));
	if (bpf_xdp_adjust_head(ctx, tunnel.inner - sizeof(*ethernet)))
		return drop(COUNT_TRUNCATED);
	ethernet = (void *)(long)ctx->data;
	if ((void *)(ethernet + 1) > (void *)(long)ctx->data_end)
		return drop(COUNT_TRUNCATED);
	__builtin_memcpy(ethernet, addresses, sizeof(addresses));
	ethernet->h_proto = tunnel.protocol == IPPROTO_IPIP ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	count(COUNT_IPIP_IPV4 + 2 * tunnel.encapsulation + (tunnel.protocol == IPPROTO_IPV6));
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
