// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What would happen to a packet: the program that forwards (weir.bpf.c), run on the tables in force, but changing nothing.
 *
 * Each element of a table that it could write is copied when it is first looked up, and the program goes on with the copy: it
 * counts, remembers and forgets as ever, and nobody sees it. Which tables these are is said below by the type of their values;
 * a table that is not named here does not compile. User space empties the copies before each packet (src/xdp/xdp-tracer.ts).
 */
#define TRACING
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "lib/tables.h"
#include "lib/trace.h"

struct asked;
struct at_hand;
struct clock;
struct handover;
struct syn_set;

/* So many elements as a packet may come by: the connections of all backends of the rows that a scheduler compares. */
#define FEW 64
#define OF_BACKENDS 4096
/* Two sets for each local port that fullnat may try. */
#define OF_PORTS 256

#define COPIES(NAME, VALUE, MOST)                 \
	struct {                                  \
		__uint(type, BPF_MAP_TYPE_HASH);  \
		__uint(max_entries, MOST);        \
		__type(key, __u32);               \
		__type(value, VALUE);             \
	} NAME SEC(".maps")

COPIES(copied_state, struct state, 1);
COPIES(copied_services, struct service, FEW);
COPIES(copied_uses, struct use_line, FEW);
COPIES(copied_connections, struct connections, OF_BACKENDS);
COPIES(copied_attempts, struct attempts, FEW);
COPIES(copied_backend_cpus, struct backend_cpu, FEW);
COPIES(copied_drops, struct drops, 1);
COPIES(copied_unresolved, struct unresolved, FEW);
COPIES(copied_flows, struct flow_set, FEW);
COPIES(copied_overflows, struct overflow_line, FEW);
COPIES(copied_translations, struct translation, FEW);
COPIES(copied_answers, struct answer, OF_PORTS);
COPIES(copied_addresses, struct answer_addresses, FEW);
COPIES(copied_ways_out, struct way_out, FEW);
COPIES(copied_sources, struct source_set, FEW);
COPIES(copied_sharing, struct sharing_counts, 1);

/* Where a record for user space is written; nobody reads it. */
struct room {
	__u64 words[512];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct room);
} rooms SEC(".maps");

static __always_inline void *copy_of(void *table, void *copies, const void *key)
{
	void *copy = bpf_map_lookup_elem(copies, key), *element;

	if (!copy) {
		element = bpf_map_lookup_elem(table, key);
		if (!element || bpf_map_update_elem(copies, key, element, BPF_NOEXIST))
			return NULL;
		copy = bpf_map_lookup_elem(copies, key);
		if (!copy)
			return NULL;
	}
	/* The verifier has to see that it is there before anything is added to it: clang 14 would do that first. */
	asm volatile("" : "+r"(copy));
	return copy;
}

static __always_inline void *some_room(void)
{
	__u32 only = 0;

	return bpf_map_lookup_elem(&rooms, &only);
}

/* In parentheses a function's name is no macro. */
#define READ_ONLY(TABLE, KEY) (bpf_map_lookup_elem)(TABLE, KEY)
#define COPIED(TABLE, KEY, COPIES) copy_of(TABLE, &(COPIES), KEY)

#define bpf_map_lookup_elem(TABLE, KEY)                                           \
	_Generic((TABLE)->value,                                                  \
		struct state *: COPIED(TABLE, KEY, copied_state),                 \
		struct service *: COPIED(TABLE, KEY, copied_services),            \
		struct use_line *: COPIED(TABLE, KEY, copied_uses),               \
		struct connections *: COPIED(TABLE, KEY, copied_connections),     \
		struct attempts *: COPIED(TABLE, KEY, copied_attempts),           \
		struct backend_cpu *: COPIED(TABLE, KEY, copied_backend_cpus),    \
		struct drops *: COPIED(TABLE, KEY, copied_drops),                 \
		struct unresolved *: COPIED(TABLE, KEY, copied_unresolved),       \
		struct flow_set *: COPIED(TABLE, KEY, copied_flows),              \
		struct overflow_line *: COPIED(TABLE, KEY, copied_overflows),     \
		struct translation *: COPIED(TABLE, KEY, copied_translations),    \
		struct answer *: COPIED(TABLE, KEY, copied_answers),              \
		struct answer_addresses *: COPIED(TABLE, KEY, copied_addresses),  \
		struct way_out *: COPIED(TABLE, KEY, copied_ways_out),            \
		struct source_set *: COPIED(TABLE, KEY, copied_sources),          \
		struct sharing_counts *: COPIED(TABLE, KEY, copied_sharing),      \
		struct directory_bucket *: READ_ONLY(TABLE, KEY),                 \
		struct range_line *: READ_ONLY(TABLE, KEY),                       \
		struct row_line *: READ_ONLY(TABLE, KEY),                         \
		struct backend *: READ_ONLY(TABLE, KEY),                          \
		/* networks, peers, answerers */                                  \
		__u32 *: READ_ONLY(TABLE, KEY),                                   \
		struct vlan *: READ_ONLY(TABLE, KEY),                             \
		/* this program's own; or of programs that are not loaded here */ \
		struct asked *: READ_ONLY(TABLE, KEY),                            \
		struct at_hand *: READ_ONLY(TABLE, KEY),                          \
		struct handover *: READ_ONLY(TABLE, KEY),                         \
		struct syn_set *: READ_ONLY(TABLE, KEY),                          \
		struct clock *: READ_ONLY(TABLE, KEY),                            \
		struct settlement *: READ_ONLY(TABLE, KEY),                       \
		struct settle_run *: READ_ONLY(TABLE, KEY))

/* Nobody is told of anything. */
#define bpf_ringbuf_reserve(RING, BYTES, FLAGS) some_room()
#define bpf_ringbuf_submit(RECORD, FLAGS) (void)(RECORD)
#define bpf_ringbuf_discard(RECORD, FLAGS) (void)(RECORD)

#include "weir.bpf.c"
