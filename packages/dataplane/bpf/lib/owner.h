/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Second chance between nodes: which of them has the state of a flow. A packet that this node does not know goes to the
 * flow's owners in turn, in the same outer header that second chance between backends has. docs/packet-path.md, section 7.
 *
 * The nodes are the backends of a service of their own, whose VIP is this node's address and whose table is that of the
 * owners: so rows, next hops and counters are those of any other service.
 */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "choice.h"
#include "choices.h"
#include "choose.h"
#include "encap.h"
#include "parse.h"
#include "tables.h"

/* Who may hand packets over: the other nodes, and the slot of each. */
struct peer {
	__u64 address[2]; /* as in struct directory_entry */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PEERS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct peer);
	__type(value, __u32);
} peers SEC(".maps");

/*
 * Where answers come from: a packet from there that this node does not know may be one of another node's flow. Answers of
 * fullnat are told by where they go, too: to an address of some node's, in here with protocol and port 0.
 */
struct answerer {
	__u64 address[2];
	__be16 port; /* 0: all */
	__u8 protocol;
	__u8 padding[5];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct answerer);
	__type(value, __u32); /* ANSWERS_* */
} answerers SEC(".maps");

#define ANSWERS_NAT 1
#define ANSWERS_FULLNAT 2
#define ANSWERS_TO 4 /* a local address of fullnat */

/* How a packet came to be looked at by this program: from the one before, of the same packet, on this CPU. */
struct handover {
	__u64 hops;     /* nodes still to ask, as in struct choice */
	__u32 arriving; /* set for the next program: ARRIVES_* */
	__u32 arrived;  /* how the packet at hand came */
	__u32 second;   /* that `passed_on` counts in */
	__u32 passed_on;
};

/* Bits. */
#define ARRIVES_HANDED_OVER 1 /* in an outer header, which is off by now */
#define ARRIVES_SETTLED 2     /* from user space, which knows all that anybody knows of its flow */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct handover);
} handovers SEC(".maps");

/* By one CPU; an established connection asks once for each of its packets while nodes change. */
#define PASSED_ON_PER_SECOND 50000

/* The packet was handed over, and stands there without its outer header. */
#define TAKEN (-1)

static __always_inline struct handover *this_handover(void)
{
	__u32 only = 0;

	return bpf_map_lookup_elem(&handovers, &only);
}

/* Once for each packet: what the program before this one left is for this packet alone. */
static __always_inline void note_arrival(void)
{
	struct handover *handover = this_handover();

	if (!handover)
		return;
	handover->arrived = handover->arriving;
	handover->arriving = 0;
}

static __always_inline int was_handed_over(void)
{
	const struct handover *handover = this_handover();

	return handover && handover->arrived & ARRIVES_HANDED_OVER;
}

static __always_inline int was_settled(void)
{
	const struct handover *handover = this_handover();

	return handover && handover->arrived & ARRIVES_SETTLED;
}

/*
 * May this CPU hand over once more what it was handed over? Only changes of the nodes make that necessary; a flood of
 * segments of no flow must not be multiplied by them.
 */
static __always_inline int may_pass_on(const struct state *current, struct handover *handover)
{
	if (handover->second != current->now) {
		handover->second = current->now;
		handover->passed_on = 0;
	}
	return handover->passed_on++ < PASSED_ON_PER_SECOND;
}

/* A packet's source, as struct directory_entry has addresses. */
static __always_inline void source_as_key(__u64 key[2], const struct packet *packet)
{
	key[0] = packet->family == 4 ? 0 : packet->source[0];
	key[1] = packet->family == 4 ? mapped_ipv4((__u32)packet->source[0]) : packet->source[1];
}

/* Slots in the order in which they are to be asked, without this one. */
static __always_inline __u64 without(__u64 slots, __u32 slot)
{
	__u64 left = NO_HOPS;
	__u32 count = 0;

	for (__u32 i = 0; i < CHOICES_MAX; i++) {
		__u32 other = slot_at(slots, i);

		if (other != slot && other != NO_BACKEND)
			left = with_slot(left, count++, other);
	}
	return left;
}

#define OWNER_OF_ANSWER 1 /* the client is the packet's destination */
#define OWNER_OF_ERROR 2  /* the packet is only about the flow, and begins none */

/* ELSEWHERE: `choice` says which node to ask, and which ones after it. UNKNOWN: it is up to this one. */
SEPARATE int find_owner(const struct packet *packet, struct choice *choice, __u32 how)
{
	const struct state *current = current_state();
	struct handover *handover = this_handover();
	__u32 index, fields = HASH_SOURCE | HASH_SOURCE_PORT;
	struct service *service;
	__u64 nodes;
	int begins;

	if (!packet || !choice || !current || !handover || !current->owners || handover->arrived & ARRIVES_SETTLED)
		return UNKNOWN;
	index = current->owners - 1;
	service = bpf_map_lookup_elem(&services, &index);
	if (!service)
		return UNKNOWN;
	begins = !how && begins_flow(packet);
	if (how & OWNER_OF_ANSWER) {
		fields = HASH_DESTINATION | HASH_DESTINATION_PORT;
		choice->hash = flow_hash(service->hash_seed, packet->source, packet->ports);
	}
	nodes = handover->arrived ? handover->hops : choices_in_row(table_of(service), choice_row(service, packet, fields));
	if (begins && (handover->arrived || slot_at(nodes, 0) == current->own_slot)) {
		trace(TRACE_OWNER, NO_BACKEND, NO_HOPS);
		return UNKNOWN;
	}
	nodes = without(nodes, current->own_slot);
	if (slot_at(nodes, 0) == NO_BACKEND || (handover->arrived && !may_pass_on(current, handover))) {
		trace(TRACE_OWNER, NO_BACKEND, NO_HOPS);
		return UNKNOWN;
	}
	trace(TRACE_OWNER, slot_at(nodes, 0), after_first(nodes));
	choice->backend = slot_at(nodes, 0);
	choice->hops = after_first(nodes);
	return ELSEWHERE;
}

/* What answers come from where this packet comes from, by its port or by all: ANSWERS_NAT, ANSWERS_FULLNAT. */
SEPARATE __u32 answers_from(const struct packet *packet)
{
	const __u32 *of_port, *of_all;
	struct answerer from = {};

	if (!packet)
		return 0;
	source_as_key(from.address, packet);
	from.protocol = packet->protocol;
	from.port = bpf_htons(packet->ports);
	of_port = bpf_map_lookup_elem(&answerers, &from);
	from.port = 0;
	of_all = bpf_map_lookup_elem(&answerers, &from);
	return (of_port ? *of_port : 0) | (of_all ? *of_all : 0);
}

/* The same for a packet that no service takes; UNKNOWN: it is none of nat's. */
SEPARATE int find_owner_of_answer(const struct packet *packet, struct choice *choice)
{
	const struct state *current = current_state();

	if (!packet || !choice || !current || !current->owners || !(answers_from(packet) & ANSWERS_NAT))
		return UNKNOWN;
	return find_owner(packet, choice, OWNER_OF_ANSWER);
}

/* The nodes that a header still names, as far as they are known here. */
static __always_inline __u64 hops_left(const struct hop_list *list, void *end, __u32 family)
{
	__u32 bytes = family == 4 ? 4 : 16;
	__u64 hops = NO_HOPS;
	__u32 count = 0;

	for (__u32 i = 0; i < HOPS_MAX; i++) {
		const void *at = (const void *)(list + 1) + i * bytes;
		struct peer peer = {};
		const __u32 *slot;

		if (i < list->next || i >= list->count)
			continue;
		if (at + 16 > end)
			break; /* 20 bytes of IP follow the last one */
		if (family == 4)
			peer.address[1] = mapped_ipv4(*(const __be32 *)at);
		else
			__builtin_memcpy(peer.address, at, 16);
		slot = bpf_map_lookup_elem(&peers, &peer);
		if (slot)
			hops = with_slot(hops, count++, *slot & SLOT_MASK);
	}
	return hops;
}

/* TAKEN, or an XDP action. What is carried comes from a node, and is looked at as if it had come from a client. */
SEPARATE int take_handover(struct xdp_md *ctx, const struct packet *packet)
{
	struct handover *handover = this_handover();
	void *start = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct peer from = {};
	__u32 hop_bytes, list_bytes, inner, family;
	struct gue_header *gue;
	struct hop_list *list;
	struct ethhdr *ethernet;
	__u8 macs[12];

	if (!packet || !handover)
		return XDP_DROP;
	source_as_key(from.address, packet);
	if (!bpf_map_lookup_elem(&peers, &from))
		return drop(DROP_HANDOVER_PEER);
	gue = start + (packet->l4 & OFFSET_MASK) + sizeof(struct udphdr);
	list = (void *)(gue + 1);
	if ((void *)(list + 1) > end)
		return drop(DROP_HANDOVER_MALFORMED);
	hop_bytes = packet->family == 4 ? 4 : 16;
	list_bytes = sizeof(*list) + list->count * hop_bytes;
	inner = (packet->l4 & OFFSET_MASK) + GUE_BYTES + list_bytes;
	/* A list inside a list, a fragment, another variant, extension fields, more hops than there ever are. */
	if (handover->arrived || packet->begins_fragments || list->count > HOPS_MAX || list->next > list->count ||
	    gue->variant_control_length != list_bytes / 4 || gue->flags ||
	    list->type != (packet->family == 4 ? bpf_htons(HOPS_IPV4) : bpf_htons(HOPS_IPV6)) ||
	    inner + sizeof(struct iphdr) > packet->l3 + packet->bytes)
		return drop(DROP_HANDOVER_MALFORMED);
	family = gue->protocol == IPPROTO_IPIP ? 4 : gue->protocol == IPPROTO_IPV6 ? 6 : 0;
	if (!family)
		return drop(DROP_HANDOVER_MALFORMED);
	if (start + sizeof(macs) > end)
		return drop(DROP_HANDOVER_MALFORMED);
	__builtin_memcpy(macs, start, sizeof(macs));
	handover->hops = hops_left(list, end, packet->family);
	if (bpf_xdp_adjust_head(ctx, (inner & OFFSET_MASK) - sizeof(*ethernet)))
		return drop(DROP_HANDOVER_MALFORMED);
	start = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	ethernet = start;
	if ((void *)(ethernet + 1) > end)
		return drop(DROP_HANDOVER_MALFORMED);
	__builtin_memcpy(start, macs, sizeof(macs));
	ethernet->h_proto = family == 4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	handover->arriving = ARRIVES_HANDED_OVER;
	trace(TRACE_TAKEN_OVER, 0);
	return TAKEN;
}
