/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * VIP, protocol and port to a service: as a rule in one cache line, also for a packet that is no service's. User space
 * builds the directory whole (src/xdp/service-directory.ts) and puts it in force with one store.
 */
#pragma once
#include "hash.h"
#include "parse.h"
#include "tables.h"

static __always_inline int is_entry(const struct directory_entry *entry, const struct packet *packet, __be16 port,
				    __u8 protocol)
{
	return entry->vip[1] == packet->destination[1] && entry->vip[0] == packet->destination[0] &&
	       entry->port == port && entry->protocol == protocol;
}

/* What is kept under this key; NULL: nothing. */
static __always_inline const struct directory_entry *find_entry(const struct state *current, __u32 half,
								const struct packet *packet, __be16 port, __u8 protocol)
{
	__u64 seed = current->directory_seed[half] ^ ((__u64)port << 8 | protocol);
	__u32 mask = settings.directory_mask;
	__u32 home = mix(seed, packet->destination[0], packet->destination[1]) & mask;

	for (__u32 probe = 0; probe < PROBES_MAX; probe++) {
		__u32 index = ((home + probe) & mask) + half * (mask + 1);
		const struct directory_bucket *bucket = bpf_map_lookup_elem(&directory, &index);

		if (!bucket)
			return NULL;
		if (is_entry(&bucket->entry[0], packet, port, protocol))
			return &bucket->entry[0];
		if (is_entry(&bucket->entry[1], packet, port, protocol))
			return &bucket->entry[1];
		if (!bucket->entry[0].overflowed)
			return NULL;
	}
	return NULL;
}

static __always_inline struct state *current_state(void)
{
	__u32 only = 0;

	return bpf_map_lookup_elem(&state, &only);
}

/*
 * Was the frame sent to this node? A switch floods what it has no port for, and an interface may be promiscuous: then
 * each node sees the packet, and only one may forward it.
 */
static __always_inline int is_for_this_node(const struct state *current, const struct packet *packet)
{
	for (__u32 i = 0; i < OWN_MACS_MAX; i++) {
		if (current->own_macs[i] == packet->destination_mac)
			return 1;
		if (!current->own_macs[i])
			return i == 0; /* none is known: the program runs without an interface, in a test */
	}
	return 0;
}

/* The service, + 1, of the first range that holds the port; 0: none. */
static __always_inline __u32 find_range(__u32 first_line, __u16 port)
{
	for (__u32 line = 0; line < RANGE_LINES_MAX; line++) {
		__u32 index = first_line + line;
		const struct range_line *ranges = bpf_map_lookup_elem(&port_ranges, &index);

		if (!ranges)
			return 0;
		for (__u32 i = 0; i < RANGES_PER_LINE; i++) {
			if (!ranges->range[i].service)
				return 0;
			if (port >= ranges->range[i].first && port <= ranges->range[i].last)
				return ranges->range[i].service;
		}
	}
	return 0;
}

static __always_inline __u32 find_any_port(const struct state *current, const struct packet *packet, __u32 half)
{
	const struct directory_entry *entry = find_entry(current, half & 1, packet, 0, packet->protocol);
	__u32 found = 0;

	if (!entry)
		return 0;
	if (entry->ranges)
		found = find_range(entry->ranges - 1, bpf_ntohs(packet->destination_port));
	return found ? found : entry->service;
}

/* The service that takes this packet: that of its port, then that of a range, then that of all ports. NULL: none. */
static __always_inline struct service *find_service(const struct state *current, const struct packet *packet,
						    __u32 *index)
{
	__u32 half = current->directory & 1;
	const struct directory_entry *entry =
		find_entry(current, half, packet, packet->destination_port, packet->protocol);
	__u32 found = 0;

	/* ESP and AH have port 0, and so has the entry of all ports. */
	if (entry && !entry->ranges)
		found = entry->service;
	else if (current->any_port[half])
		found = find_any_port(current, packet, half);
	if (!found)
		return NULL;
	*index = found - 1;
	return bpf_map_lookup_elem(&services, index);
}

/* Each VIP has one more entry, under protocol 0 and port 0. */
static __always_inline int is_vip(const struct state *current, const struct packet *packet)
{
	return find_entry(current, current->directory & 1, packet, 0, 0) != NULL;
}

static __always_inline int unreadable(const struct packet *packet, enum drop_reason reason)
{
	struct state *current = current_state();

	if (current && is_vip(current, packet))
		return drop(reason);
	return XDP_PASS;
}
