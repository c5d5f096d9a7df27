/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * VIP, protocol and port to a service, in one cache line. User space builds the directory so that no bucket overflows
 * (src/xdp/service-directory.ts), hence a miss is known after one bucket.
 */
#pragma once
#include "hash.h"
#include "parse.h"
#include "tables.h"

static __always_inline __u32 find_entry(const struct state *current, __u32 half, const struct packet *packet,
					__be16 port, __u8 protocol)
{
	__u64 seed = current->directory_seed[half] ^ ((__u64)port << 8 | protocol);
	__u32 bucket_index =
		(mix(seed, packet->destination[0], packet->destination[1]) & settings.directory_mask) +
		half * (settings.directory_mask + 1);
	struct directory_bucket *bucket = bpf_map_lookup_elem(&directory, &bucket_index);

	if (!bucket)
		return 0;
#pragma unroll
	for (int i = 0; i < BUCKET_ENTRIES; i++) {
		const struct directory_entry *entry = &bucket->entry[i];

		if (entry->vip[1] == packet->destination[1] && entry->vip[0] == packet->destination[0] &&
		    entry->port == port && entry->protocol == protocol)
			return entry->service;
	}
	return 0;
}

static __always_inline struct state *current_state(void)
{
	__u32 only = 0;

	return bpf_map_lookup_elem(&state, &only);
}

/* Index + 1 of the service that takes this packet: its port first, then all ports. 0: none. */
static __always_inline struct service *find_service(const struct packet *packet)
{
	struct state *current = current_state();
	__u32 half, found;

	if (!current)
		return NULL;
	half = current->directory & 1;
	found = find_entry(current, half, packet, packet->destination_port, packet->protocol);
	if (!found && current->any_port[half])
		found = find_entry(current, half, packet, 0, packet->protocol);
	if (!found)
		return NULL;
	found--;
	return bpf_map_lookup_elem(&services, &found);
}

/* Each VIP has one more entry, under protocol 0 and port 0. */
static __always_inline int unreadable(const struct packet *packet, enum drop_reason reason)
{
	struct state *current = current_state();

	if (current && find_entry(current, current->directory & 1, packet, 0, 0))
		return drop(reason);
	return XDP_PASS;
}
