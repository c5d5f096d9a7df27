/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * To the next hop of a packet's list: as GLB does it, the old destination becomes the source, the hop the destination,
 * and the list's index goes up, past it. One packet in, at most one out, to a peer alone, and no longer.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/types.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "count.h"
#include "hop_list.h"
#include "packet.h"
#include "peers.h"
#include "tunnel.h"

/* Of sys/socket.h, which does not go with linux/in.h here. */
#define AF_INET 2
#define AF_INET6 10

/*
 * Where the route of what this host sends itself is looked up. A lookup asks for an interface that forwards; lo may,
 * without making a router of the host.
 */
#define LOOPBACK_IFINDEX 1

/* Answers of send_to_next_hop(): the hop is this host; or all hops have had the packet. */
#define HOP_IS_SELF (-2)
#define NO_HOP_LEFT (-3)

#define OWN_ADDRESSES_MAX 4096

/*
 * All addresses of this host, with a value that is not 0; those that it had once, with 0. A lookup of a route answers
 * alike for an own address and for what there is no route to.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, OWN_ADDRESSES_MAX);
	__type(key, struct address);
	__type(value, __u32);
} own_addresses SEC(".maps");

/* What stands between the outer IP header and the hops. */
struct hop_header {
	struct udphdr udp;
	__u8 gue[GUE_HEADER_BYTES];
	struct hop_list list;
};

/* Hops that had no MAC address yet: user space lets the kernel ask for it. */
struct unresolved_hop {
	struct address address;
	__u32 ifindex;
};

#define UNRESOLVED_HOPS 64

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNRESOLVED_HOPS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct unresolved_hop);
} unresolved_hops SEC(".maps");

struct outer_addresses {
	struct address source;
	struct address destination;
};

static __always_inline int read_outer_addresses(struct xdp_md *ctx, __u8 family, struct outer_addresses *outer)
{
	__u32 at = sizeof(struct ethhdr);

	if (family != 4)
		return copy(ctx, at + __builtin_offsetof(struct ipv6hdr, saddr), outer, sizeof(*outer));
	outer->source = outer->destination = mapped(0);
	return copy(ctx, at + __builtin_offsetof(struct iphdr, saddr), &outer->source.word[3], 4) ||
	       copy(ctx, at + __builtin_offsetof(struct iphdr, daddr), &outer->destination.word[3], 4);
}

/*
 * The first hop from the list's next on that has not had the packet: not who sent it on, not this host, not an earlier hop.
 * GLB's directors name a member twice where two of their hashes agree. Returns its index, with the hop in `next`; or
 * HOPS_MAX where none is left.
 */
SEPARATE int choose_hop(struct xdp_md *ctx, const struct tunnel *tunnel, const struct outer_addresses *outer,
			struct address *next)
{
	struct hop_list list;
	__u32 i, j, first, hops;

	if (!tunnel || !outer || !next || copy(ctx, tunnel->hops, &list, sizeof(list)))
		return HOPS_MAX;
	first = list.next;
	hops = list.count;
	for (i = 0; i < HOPS_MAX; i++) {
		int is_tried = 0;

		if (i >= hops)
			break;
		if (i < first)
			continue;
		if (read_hop(ctx, tunnel, i, next))
			break;
		/* Before the first hop the source is a node, which has not looked at its sockets. */
		if (is_same(next, &outer->destination) || (first && is_same(next, &outer->source)))
			continue;
		for (j = 0; j < i; j++) {
			struct address earlier;

			if (!read_hop(ctx, tunnel, j, &earlier) && is_same(&earlier, next))
				is_tried = 1;
		}
		if (!is_tried)
			return i;
	}
	return HOPS_MAX;
}

/* One of a few places, by the last bits of the address: what is overwritten is noted again by the next packet. */
static __always_inline void note_unresolved(const struct bpf_fib_lookup *query)
{
	struct unresolved_hop *noted;
	struct address gateway = mapped(query->ipv4_dst);
	__u32 place;

	/* An IPv4 route may lead by an IPv6 gateway (RFC 8950). */
	if (query->family == AF_INET6)
		__builtin_memcpy(&gateway, query->ipv6_dst, sizeof(gateway));
	place = bpf_ntohl(gateway.word[3]) & (UNRESOLVED_HOPS - 1);
	noted = bpf_map_lookup_elem(&unresolved_hops, &place);
	if (!noted)
		return;
	noted->address = gateway;
	noted->ifindex = query->ifindex;
}

static __always_inline int is_own(const struct address *address)
{
	return bpf_map_lookup_elem(&own_addresses, address) != NULL;
}

/* Fills in interface and MAC addresses and returns FOUND; or says why not. */
static __always_inline int find_route(struct xdp_md *ctx, const struct outer_addresses *outer,
				      const struct address *next, __u8 family, struct bpf_fib_lookup *query)
{
	long result;

	query->ifindex = LOOPBACK_IFINDEX;
	query->l4_protocol = IPPROTO_UDP;
	if (family == 4) {
		query->family = AF_INET;
		query->ipv4_src = outer->destination.word[3];
		query->ipv4_dst = next->word[3];
	} else {
		query->family = AF_INET6;
		__builtin_memcpy(query->ipv6_src, &outer->destination, sizeof(query->ipv6_src));
		__builtin_memcpy(query->ipv6_dst, next, sizeof(query->ipv6_dst));
	}
	result = bpf_fib_lookup(ctx, query, sizeof(*query), 0);
	if (result == BPF_FIB_LKUP_RET_SUCCESS)
		return FOUND;
	/* Of this host, of which the packet's destination was another address; else there is no route, or a broadcast's. */
	if (result == BPF_FIB_LKUP_RET_NOT_FWDED && is_own(next))
		return HOP_IS_SELF;
	if (result == BPF_FIB_LKUP_RET_NO_NEIGH) {
		note_unresolved(query);
		return drop(COUNT_HOP_NO_NEIGHBOUR);
	}
	return drop(COUNT_HOP_NO_ROUTE);
}

static __always_inline __u16 folded(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* RFC 1624, equation 3. `change`: words that came in, and complements of those that went. */
static __always_inline __u16 updated_checksum(__u16 checksum, __u64 change)
{
	return ~folded((__u16)~checksum + change);
}

/* What a sum over both addresses changes by: the destination only moves to the source's place. */
static __always_inline __u64 address_change(const struct address *went, const struct address *came)
{
	__u64 change = 0;
	__u32 i;

#pragma unroll
	for (i = 0; i < 4; i++)
		change += (__u64)came->word[i] + (__u32)~went->word[i];
	return change;
}

static __always_inline int rewrite(struct xdp_md *ctx, const struct tunnel *tunnel, const struct outer_addresses *outer,
				   const struct address *next, __u8 chosen, const struct bpf_fib_lookup *route)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	__u8 offset = tunnel->hops - (sizeof(struct hop_header) - sizeof(struct hop_list));
	struct hop_header *header = (void *)ethernet + offset;
	/* The index and, unchanged, the count: a word of the checksum. */
	__be16 *index = (void *)&header->list.next;
	__u64 change = address_change(&outer->source, next);
	__be16 before;

	if ((void *)(header + 1) > end)
		return drop(COUNT_TRUNCATED);
	if (tunnel->outer_family == 4) {
		struct iphdr *ip = (void *)(ethernet + 1);
		__be16 *ttl = (void *)&ip->ttl;

		if ((void *)(ip + 1) > end)
			return drop(COUNT_TRUNCATED);
		if (ip->ttl <= 1)
			return drop(COUNT_HOP_TTL);
		before = *ttl;
		ip->ttl--;
		ip->check = updated_checksum(ip->check, change + *ttl + (__u16)~before);
		ip->saddr = outer->destination.word[3];
		ip->daddr = next->word[3];
	} else {
		struct ipv6hdr *ip = (void *)(ethernet + 1);

		if ((void *)(ip + 1) > end)
			return drop(COUNT_TRUNCATED);
		if (ip->hop_limit <= 1)
			return drop(COUNT_HOP_TTL);
		ip->hop_limit--;
		__builtin_memcpy(&ip->saddr, &outer->destination, sizeof(ip->saddr));
		__builtin_memcpy(&ip->daddr, next, sizeof(ip->daddr));
	}
	before = *index;
	header->list.next = chosen + 1;
	if (header->udp.check) {
		header->udp.check = updated_checksum(header->udp.check, change + *index + (__u16)~before);
		/* RFC 768: a sum that is 0 is sent as all ones. */
		if (!header->udp.check)
			header->udp.check = 0xffff;
	}
	__builtin_memcpy(ethernet->h_dest, route->dmac, ETH_ALEN);
	__builtin_memcpy(ethernet->h_source, route->smac, ETH_ALEN);
	return FOUND;
}

/* Returns the action; or HOP_IS_SELF or NO_HOP_LEFT: nothing was changed, and there is no other to send it to. */
SEPARATE int send_to_next_hop(struct xdp_md *ctx, const struct tunnel *tunnel, const struct outer_addresses *outer)
{
	struct bpf_fib_lookup route = {};
	struct address next = {};
	int chosen, verdict;

	if (!tunnel || !outer)
		return XDP_DROP;
	/* Nobody sends to itself by the wire. */
	if (is_same(&outer->source, &outer->destination))
		return drop(COUNT_HOP_LOOP);
	chosen = choose_hop(ctx, tunnel, outer, &next);
	if (chosen < 0 || chosen >= HOPS_MAX)
		return NO_HOP_LEFT;
	if (!is_peer(&next))
		return drop(COUNT_HOP_NOT_A_PEER);
	verdict = find_route(ctx, outer, &next, tunnel->outer_family, &route);
	if (verdict != FOUND)
		return verdict;
	verdict = rewrite(ctx, tunnel, outer, &next, chosen, &route);
	if (verdict != FOUND)
		return verdict;
	count(COUNT_REDIRECTED);
	return route.ifindex == ctx->ingress_ifindex ? XDP_TX : bpf_redirect(route.ifindex, 0);
}
