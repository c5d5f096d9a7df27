/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Second chance: the row of a packet, and the backends to try in turn. docs/packet-path.md, section 3. */
#pragma once
#include <bpf/bpf_endian.h>
#include "choice.h"
#include "hash.h"
#include "parse.h"
#include "siphash.h"
#include "tables.h"

/* The chosen fields of a packet, as they stand in it: addresses, then ports. The row is the hash's low 16 bits. */
static __always_inline __u32 choice_row(const struct service *service, const struct packet *packet, __u32 fields)
{
	struct sip sip = begin_sip(service->hash_key);
	__u32 bits = 0, bytes = 0;
	__u64 block = 0;

	if (packet->family == 4) {
		if (fields & HASH_SOURCE) {
			block = (__u32)packet->source[0];
			bits = 32;
		}
		if (fields & HASH_DESTINATION) {
			block |= packet->destination[1] >> 32 << bits;
			bits += 32;
		}
		if (bits == 64) {
			add_block(&sip, block);
			block = 0;
			bits = 0;
			bytes = 8;
		}
	} else {
		if (fields & HASH_SOURCE) {
			add_block(&sip, packet->source[0]);
			add_block(&sip, packet->source[1]);
			bytes = 16;
		}
		if (fields & HASH_DESTINATION) {
			add_block(&sip, packet->destination[0]);
			add_block(&sip, packet->destination[1]);
			bytes += 16;
		}
	}
	if (fields & HASH_SOURCE_PORT) {
		block |= (__u64)bpf_htons(packet->ports) << bits;
		bits += 16;
	}
	if (fields & HASH_DESTINATION_PORT) {
		block |= (__u64)bpf_htons(packet->ports >> 16) << bits;
		bits += 16;
	}
	bytes += bits / 8;
	/* One address and both ports of IPv4. */
	if (bits == 64) {
		add_block(&sip, block);
		block = 0;
	}
	add_block(&sip, block | (__u64)bytes << 56);
	return (__u16)end_sip(&sip);
}

static __always_inline int is_of_choices(__u64 table)
{
	return (__u32)table & TABLE_OF_CHOICES;
}

/* All places of a row at once. */
static __always_inline __u64 choices_in_row(__u64 table, __u32 row)
{
	__u32 place = (table >> 32) + row * CHOICES_MAX, line_index = place / ROWS_PER_LINE;
	const struct row_line *line = bpf_map_lookup_elem(&rows, &line_index);

	if (!line)
		return NO_HOPS;
	return *(const volatile __u64 *)&line->backend[place % ROWS_PER_LINE & ~(CHOICES_MAX - 1)];
}

static __always_inline int has_alternative(const struct service *service)
{
	return service->hash_fields >> HASH_ALTERNATIVE_SHIFT;
}

/*
 * What spreads tunnels over paths and queues. The row is hashed under a key already; with the ports, connections of one row
 * are spread too where the source alone finds it.
 */
static __always_inline __u32 hash_of_choice(__u32 row, __u32 ports)
{
	return (row << 16) + ports * (__u32)(MIX_1 >> 32);
}

/* The first choice, and the others as hops. */
static __always_inline void look_at_choices(const struct service *service, __u64 table, const struct packet *packet,
					    struct choice *choice)
{
	__u32 fields = service->hash_fields & ((1 << HASH_ALTERNATIVE_SHIFT) - 1);
	__u32 row = choice_row(service, packet, fields);
	__u64 choices = choices_in_row(table, row);

	choice->hash = hash_of_choice(row, packet->ports);
	choice->backend = slot_at(choices, 0);
	choice->hops = after_first(choices);
}

/* The choices of the row that the packet had by the fields before, unless they are there already: at most HOPS_MAX hops. */
static __always_inline void add_alternatives(const struct service *service, __u64 table, const struct packet *packet,
					     struct choice *choice)
{
	__u32 fields = service->hash_fields >> HASH_ALTERNATIVE_SHIFT;
	__u64 more = choices_in_row(table, choice_row(service, packet, fields));
	__u64 hops = choice->hops;
	__u32 count = hop_count(hops);

	for (__u32 i = 0; i < CHOICES_MAX && count < HOPS_MAX; i++) {
		__u32 slot = slot_at(more, i);
		int is_there = slot == choice->backend || slot == NO_BACKEND;

		for (__u32 hop = 0; hop < HOPS_MAX; hop++)
			is_there |= slot == slot_at(hops, hop);
		if (!is_there)
			hops = with_slot(hops, count++, slot);
	}
	choice->hops = hops;
}
