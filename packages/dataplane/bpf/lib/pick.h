/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a service to the backend of a new flow: rows, schedulers, persistence; docs/packet-path.md, section 3. */
#pragma once
#include <bpf/bpf_endian.h>
#include "choice.h"
#include "flow.h"
#include "hash.h"
#include "parse.h"
#include "tables.h"

#define ROWS_LOOKED_AT 16
#define LEAST_ROWS_MAX 1024
#define REPLICAS_MAX 4

static __always_inline __u16 row_in_line(__u32 row)
{
	__u32 line_index = row / ROWS_PER_LINE;
	const struct row_line *line = bpf_map_lookup_elem(&rows, &line_index);

	return line ? line->backend[row % ROWS_PER_LINE] : NO_BACKEND;
}

static __always_inline __u16 row_at(__u64 table, __u32 number)
{
	return row_in_line((table >> 32) + number);
}

/* Once: the first row and the count belong together. */
static __always_inline __u64 table_of(const struct service *service)
{
	return *(const volatile __u64 *)&service->table;
}

static __always_inline __u32 hash_for_row(const struct service *service, const struct packet *packet, __u32 hash)
{
	__u64 destination[2];

	if (service->pick == PICK_HASH_SOURCE)
		return flow_hash(service->hash_seed, packet->source, 0);
	if (service->pick == PICK_HASH_DESTINATION) {
		/* As a source would stand in struct packet. */
		destination[0] = packet->family == 4 ? packet->destination[1] >> 32 : packet->destination[0];
		destination[1] = packet->family == 4 ? 0 : packet->destination[1];
		return flow_hash(service->hash_seed, destination, 0);
	}
	return hash;
}

/* Row and backend by the tables alone. Returns the row's flags. */
static __always_inline __u16 look_at_row(const struct service *service, __u64 table, const struct packet *packet,
					 struct choice *choice)
{
	__u16 content;

	choice->row = (table >> 32) + row_of(hash_for_row(service, packet, choice->hash), (__u32)table);
	content = row_in_line(choice->row);
	choice->backend = content & ~ROW_KEPT;
	trace(TRACE_ROW, choice->row, choice->backend, content & ROW_KEPT, table >> 32);
	return content & ROW_KEPT;
}

static __always_inline int takes_flows(__u32 slot)
{
	const struct backend *backend = bpf_map_lookup_elem(&backends, &slot);
	const struct connections *count = bpf_map_lookup_elem(&connections, &slot);

	return backend && count && backend->service && backend->weight && !(backend->upper && count->overloaded);
}

/* The first row that takes flows, from `row` on. With `counts` the service's counter says which, and is raised by each. */
static __always_inline __u32 first_that_takes_flows(struct service *service, __u32 row, int counts)
{
	__u32 length;
	__u64 table;

	table = table_of(service);
	length = table;
	if (!length)
		return NO_BACKEND;
	for (__u32 i = 0; i < ROWS_LOOKED_AT; i++) {
		__u32 slot;

		if (counts)
			row = __sync_fetch_and_add(&service->next, 1);
		slot = row_at(table, row % length) & ~ROW_KEPT;
		if (takes_flows(slot))
			return slot;
		row++;
	}
	return NO_BACKEND;
}

struct least {
	__u64 table;
	__u64 cost; /* of `slot`, times weight */
	__u32 weight;
	__u32 slot;
	__u32 by; /* enum cost */
	__u32 has_spare; /* somebody uses less than half its weight */
};

/* Is `slot` cheaper than the best one so far? net/netfilter/ipvs/ip_vs_{lc,wlc,sed,nq}.c */
static __always_inline void consider(struct least *best, __u32 slot)
{
	const struct backend *backend = bpf_map_lookup_elem(&backends, &slot);
	const struct connections *count = bpf_map_lookup_elem(&connections, &slot);
	__u64 cost, weight;

	if (!backend || !count || !takes_flows(slot))
		return;
	weight = best->by == COST_LC ? 1 : backend->weight;
	if (best->by == COST_LC || best->by == COST_WLC)
		cost = ((__u64)count->active << 8) + count->inactive;
	else if (best->by == COST_NQ && !count->active)
		cost = 0;
	else
		cost = count->active + 1;
	if (count->active * 2 < backend->weight)
		best->has_spare = 1;
	if (best->slot != NO_BACKEND && cost * best->weight >= best->cost * weight)
		return;
	best->cost = cost;
	best->weight = weight;
	best->slot = slot;
}

static long consider_row(__u32 row, struct least *best)
{
	consider(best, row_at(best->table, row) & ~ROW_KEPT);
	return 0;
}

#define HAS_SPARE 0x10000

/* The slot; with HAS_SPARE when there is a backend that uses less than half its weight. */
SEPARATE __u32 find_least(__u32 service_index, __u32 by)
{
	const struct service *service = bpf_map_lookup_elem(&services, &service_index);
	struct least best = { .weight = 1, .slot = NO_BACKEND, .by = by };
	__u32 length;

	if (!service)
		return NO_BACKEND;
	best.table = table_of(service);
	/* A load of 32 bits: clang 14 would hand all 64 of the table to bpf_loop(), which refuses so many. */
	length = *(volatile __u32 *)&best.table;
	bpf_loop(length < LEAST_ROWS_MAX ? length : LEAST_ROWS_MAX, consider_row, &best, 0);
	return best.slot | (best.has_spare ? HAS_SPARE : 0);
}

static __always_inline int is_of_service(__u64 value, __u32 service_index)
{
	const struct backend *backend = backend_of_flow(value);

	return backend && backend->service == service_index + 1;
}

/* A backend that the table remembers for something that is no connection; NO_BACKEND: none that takes flows. */
SEPARATE __u32 remembered_backend(__u64 tag, __u32 service_index)
{
	const struct state *current = current_state();
	struct found_flow found = {};

	if (!current || !find_flow(key_of_tag(tag), settings.flow_mask, &found))
		return NO_BACKEND;
	if (is_over(current, found.value) || !is_of_service(found.value, service_index)) {
		forget_at(found.place, tag, found.value);
		return NO_BACKEND;
	}
	if (!takes_flows(backend_of(found.value)))
		return NO_BACKEND;
	replace_value(found.flow, found.place, found.value, seen_now(current, found.value));
	return backend_of(found.value);
}

/* The table's entry becomes this one, whatever it was. */
SEPARATE int remember_backend(__u64 tag, __u32 slot, __u32 kind)
{
	const struct state *current = current_state();
	struct backend *backend = bpf_map_lookup_elem(&backends, &slot);
	struct flow_key key = key_of_tag(tag);
	struct found_flow found = {};

	if (!current || !backend)
		return 0;
	if (find_flow(key, settings.flow_mask, &found))
		forget_at(found.place, tag, found.value);
	remember(current, key, flow_value(slot, backend->epoch, kind, current->now));
	return 0;
}

SEPARATE __u64 tag_of_locality(const struct packet *packet, __u32 service_index, __u32 replica)
{
	const struct state *current = current_state();
	__u64 nobody[2] = {};

	if (!packet || !current)
		return 0;
	return flow_key(current->flow_keys, nobody, packet->destination, service_index, KEY_LOCALITY | replica).tag;
}

/* lblc, lblcr: net/netfilter/ipvs/ip_vs_lblc.c, ip_vs_lblcr.c */
SEPARATE __u32 pick_by_locality(const struct packet *packet, __u32 service_index)
{
	const struct service *service = bpf_map_lookup_elem(&services, &service_index);
	struct least known = { .weight = 1, .slot = NO_BACKEND, .by = COST_WLC };
	const struct connections *count;
	const struct backend *backend;
	__u32 replicas, least, has_spare, free = 0;

	if (!packet || !service)
		return NO_BACKEND;
	replicas = service->flags & SERVICE_REPLICAS ? REPLICAS_MAX : 1;
	for (__u32 i = REPLICAS_MAX; i > 0; i--) {
		__u32 slot;

		if (i > replicas)
			continue;
		slot = remembered_backend(tag_of_locality(packet, service_index, i - 1), service_index);
		if (slot == NO_BACKEND)
			free = i - 1;
		else
			consider(&known, slot);
	}
	least = find_least(service_index, COST_WLC);
	has_spare = least & HAS_SPARE;
	least &= ~HAS_SPARE;
	if (known.slot != NO_BACKEND) {
		backend = bpf_map_lookup_elem(&backends, &known.slot);
		count = bpf_map_lookup_elem(&connections, &known.slot);
		if (!backend || !count)
			return NO_BACKEND;
		if (count->active <= backend->weight || !has_spare)
			return known.slot;
	}
	if (least == NO_BACKEND || least == known.slot)
		return least;
	remember_backend(tag_of_locality(packet, service_index, free), least, FLOW_LOCALITY);
	return least;
}

/* By a scheduler that needs nothing of the packet but its row. */
static __always_inline __u32 pick_by_row(struct service *service, __u32 service_index, __u32 row)
{
	__u32 slot;

	if (service->pick == PICK_LEAST)
		slot = find_least(service_index, service->cost) & ~HAS_SPARE;
	else
		slot = first_that_takes_flows(service, row, service->pick == PICK_NEXT);
	trace(TRACE_SCHEDULED, slot, service->pick);
	return slot;
}

static __always_inline __u32 row_for(const struct service *service, const struct packet *packet, __u32 hash)
{
	return row_of(hash_for_row(service, packet, hash), (__u32)table_of(service));
}

static __always_inline __u32 pick(struct service *service, const struct packet *packet, const struct choice *choice)
{
	__u32 slot;

	if (service->pick == PICK_LOCALITY) {
		slot = pick_by_locality(packet, choice->service);
		trace(TRACE_SCHEDULED, slot, PICK_LOCALITY);
		return slot;
	}
	return pick_by_row(service, choice->service, row_for(service, packet, choice->hash));
}

static __always_inline __u64 prefix_mask(__u32 bits)
{
	return bits >= 64 ? ~0ULL : bits ? bpf_cpu_to_be64(~0ULL << (64 - bits)) : 0;
}

static __always_inline struct flow_key key_of_network(const struct state *current, const struct service *service,
						      const struct packet *packet, __u32 service_index)
{
	__u64 network[2] = {}, nobody[2] = {};

	if (packet->family == 4) {
		network[0] = packet->source[0] & prefix_mask(service->prefix4);
	} else {
		network[0] = packet->source[0] & prefix_mask(service->prefix6);
		network[1] = service->prefix6 > 64 ? packet->source[1] & prefix_mask(service->prefix6 - 64) : 0;
	}
	return flow_key(current->flow_keys, network, nobody, service_index, KEY_NETWORK);
}

static __always_inline __u32 pick_for_network(const struct state *current, struct service *service,
					      const struct packet *packet, const struct choice *choice)
{
	struct flow_key key = key_of_network(current, service, packet, choice->service);
	__u32 slot = remembered_backend(key.tag, choice->service);

	trace(TRACE_PERSISTENCE, slot);
	if (slot != NO_BACKEND)
		return slot;
	slot = pick(service, packet, choice);
	if (slot != NO_BACKEND)
		remember_backend(key.tag, slot, FLOW_NETWORK);
	return slot;
}
