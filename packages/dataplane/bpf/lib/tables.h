/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tables that user space writes and the program reads. All are arrays that user space maps into its memory, so a
 * change is a store and not a system call. Layouts are repeated, with the same names, in src/xdp/layout.ts; a test
 * compares the two through BTF.
 *
 * A lookup in an array is inlined by the kernel: two compares and an add. Sizes are set before load.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* Raised with each change of a layout below: tables of another version are not taken over at a restart. */
#define LAYOUT_VERSION 1

#define OWN_MACS_MAX 8

/* One word chooses which of the two directories is in force; written last, after the other one is complete. */
struct state {
	__u32 layout;             /* LAYOUT_VERSION of whoever made these tables */
	__u32 directory;          /* 0 or 1 */
	__u32 nexthop_generation; /* raised once a second by the clock: cached next hops of another generation are stale */
	__u32 last_epoch;         /* given to a backend; user space's */
	__u64 directory_seed[2];
	__u32 any_port[2]; /* has this directory services on all ports? */
	__u64 own_macs[OWN_MACS_MAX]; /* of the interfaces that are served, as is_for_this_node() compares them; 0: no more */
};

/* VIP, protocol and port; IPv4 as ::ffff:a.b.c.d. An entry with service 0 is empty. */
struct directory_entry {
	__u64 vip[2];
	__be16 port; /* 0: all ports */
	__u8 protocol;
	__u8 reserved;
	__u32 service;    /* index into services + 1 */
	__u32 overflowed; /* in the first entry of a bucket: what found no room here is in the next bucket */
	__u32 padding;
};

#define BUCKET_ENTRIES 2
#define PROBES_MAX 8 /* user space takes another seed when a service would be farther away */

struct directory_bucket {
	struct directory_entry entry[BUCKET_ENTRIES];
};

struct service {
	__u64 table;     /* first row << 32 | rows: one store flips the service to another table */
	__u64 hash_seed; /* equal on all nodes */
	/* What follows is user space's, kept here so that a restarted daemon finds it. */
	__u64 spare_table;     /* where the next table is prepared, as `table`; 0: none yet */
	__u64 retired_packets; /* counted by backends that are gone */
	__u64 retired_bytes;
	__u64 padding[3];
};

#define ROWS_PER_LINE 32
#define NO_BACKEND 0xffff

/* Rows of all tables, as indices into backends. 16 bits: a table of 65,537 rows takes 128 KiB of cache, not 512. */
struct row_line {
	__u16 backend[ROWS_PER_LINE];
};

enum encapsulation { ENCAPSULATION_IPIP = 1, ENCAPSULATION_GUE = 2 };

struct backend {
	__u32 source[4]; /* outer addresses in network order; IPv4 in the first word */
	__u32 destination[4];
	__u16 outer_checksum; /* one's complement sum of the outer IPv4 header's words that never change */
	__u8 outer_family;    /* 4 or 6 */
	__u8 encapsulation;
	__be16 gue_port;
	__u16 padding0;
	__u32 epoch;   /* differs when the slot is given to another backend: its cached next hops die with it */
	__u32 service; /* index into services + 1; 0: a free slot */
	__u32 padding[4];
};

/* What one CPU knows of one backend: one cache line, touched once per packet. */
struct backend_cpu {
	__u64 packets;
	__u64 bytes; /* of IP, as they arrived */
	__u64 nexthop_stamp; /* epoch << 32 | generation of the next hop below */
	__u32 ifindex;
	__u16 mtu;
	__u8 ethernet[12]; /* destination, source */
	__u8 padding[22];
};

/* Appended only: user space reads them by index (src/drop-reason.ts). */
enum drop_reason {
	DROP_TRUNCATED_IPV4,
	DROP_MALFORMED_IPV4,
	DROP_TRUNCATED_IPV6,
	DROP_MALFORMED_IPV6,
	DROP_TRUNCATED_TRANSPORT,
	DROP_FRAGMENT,
	DROP_EXTENSION_HEADER,
	DROP_TTL_EXPIRED,
	DROP_NO_BACKEND,
	DROP_NO_ROUTE,
	DROP_NO_NEIGHBOUR,
	DROP_TOO_BIG,
	DROP_NO_HEADROOM,
	DROP_REASONS = 16, /* two cache lines a CPU */
};

struct drops {
	__u64 packets[DROP_REASONS];
};

#define TABLE(NAME, VALUE)                      \
	struct {                                \
		__uint(type, BPF_MAP_TYPE_ARRAY); \
		__uint(max_entries, 1);         \
		__uint(map_flags, BPF_F_MMAPABLE); \
		__type(key, __u32);             \
		__type(value, VALUE);           \
	} NAME SEC(".maps")

TABLE(state, struct state);
TABLE(directory, struct directory_bucket);
TABLE(services, struct service);
TABLE(rows, struct row_line);
TABLE(backends, struct backend);
TABLE(backend_cpus, struct backend_cpu);
TABLE(drops, struct drops);
