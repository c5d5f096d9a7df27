/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tables that user space writes and the program reads. All but the last two are arrays that user space maps into its
 * memory, so a change is a store and not a system call. Layouts are repeated, with the same names, in src/xdp/layout.ts;
 * a test compares the two through BTF.
 *
 * A lookup in an array is inlined by the kernel: two compares and an add. Sizes are set before load.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include "backend.h"

/* Raised with each change of a layout below: tables of another version are not taken over at a restart. */
#define LAYOUT_VERSION 8

#define OWN_MACS_MAX 8
#define LOCAL_ADDRESSES_MAX 16
#define FLOW_KEY_WORDS 12
#define PEERS_MAX 1024

/* What a flow is in; src/flow-state.ts. The last four are no connections, but share the table with them. */
enum flow_state {
	FLOW_NONE,
	FLOW_SYN,
	FLOW_ESTABLISHED,
	FLOW_FIN_CLIENT,
	FLOW_FIN_SERVER,
	FLOW_CLOSE,
	FLOW_DATAGRAM,
	FLOW_OTHER,
	FLOW_ANSWER,   /* no flow is in it: its timeout is the shortest that one of nat or fullnat may have */
	FLOW_FRAGMENT, /* where the first fragment of a packet went */
	FLOW_NETWORK,  /* persistence: where a client's network goes */
	FLOW_LOCALITY, /* lblc, lblcr: where a destination goes */
	FLOW_STRANGER, /* looks like an answer of another node's flow, and is none; has no backend */
	FLOW_STATES = 16,
};

/* Bits of state.features: what no service uses costs one test of a word that is there anyway. */
#define FEATURE_TRANSLATION 1
#define FEATURE_DENY 2
#define FEATURE_RATES 4
#define FEATURE_SHARING 8    /* long-lived flows are told, unknown ones are asked about */
#define FEATURE_DATAGRAMS 16 /* datagrams of unknown flows are asked about, too */

struct state {
	/* Read for each packet. */
	__u32 layout;    /* LAYOUT_VERSION of whoever made these tables */
	__u32 directory; /* 0 or 1: which of the two is in force; written last, after the other one is complete */
	__u32 now;       /* seconds, counted by the clock: ticks. Next hops that were asked for in another one are stale */
	__u32 features;
	__u64 directory_seed[2];
	__u32 any_port[2]; /* has this directory services on all ports, or on ranges? */
	__u32 owners;      /* index + 1 of the service whose backends are the nodes; 0: flows have no owners */
	__u32 own_slot;    /* this node's among them; NO_BACKEND: it is none of them */
	__u32 settling;    /* user space gives packets back just now: frames may be places for them (settle.h) */
	__u32 asked_until; /* user space looks at missed packets up to this tick; it moves it on while it lives */
	__u32 padding0[2];
	__u64 own_macs[OWN_MACS_MAX]; /* of the interfaces that are served, as is_for_this_node() compares them; 0: no more */
	/* Read for each flow that is remembered. */
	__u32 flow_keys[FLOW_KEY_WORDS]; /* secret, drawn when the tables are made */
	__u32 timeout[FLOW_STATES];      /* ticks, by enum flow_state */
	/* Read for new flows and for answers of the node itself. */
	__u32 node_rate;    /* new flows a second; 0: no limit */
	__u32 source_rate;  /* the same for one source */
	__u32 rate_second;  /* what node_count counts */
	__u32 node_count;
	__u32 sweep_set;    /* where the sweep goes on */
	__u32 tell_after;   /* ticks from a flow's first packet until it is told */
	struct address own_address[2]; /* source of time exceeded, IPv4 and IPv6; 0: none */
	__u64 missed_every; /* ns from one packet of an unknown flow that is handed up to the next; 0: none is */
	__u64 missed_next;  /* when the next one is due; ahead of the clock by what was handed up in a burst */
	__u32 local_first;  /* ports of local addresses that new flows take */
	__u32 local_ports;  /* how many */
	__u32 local_count[2];
	struct address local_address[2][LOCAL_ADDRESSES_MAX];
};

/* VIP, protocol and port; IPv4 as ::ffff:a.b.c.d. An entry with neither service nor ranges is empty. */
struct directory_entry {
	__u64 vip[2];
	__be16 port; /* 0: all ports */
	__u8 protocol;
	__u8 reserved;
	__u32 service;    /* index into services + 1 */
	__u32 overflowed; /* in the first entry of a bucket: what found no room here is in the next bucket */
	__u32 ranges;     /* with port 0: first line in port_ranges + 1, looked through before `service` */
};

#define BUCKET_ENTRIES 2
#define PROBES_MAX 8 /* user space takes another seed when a service would be farther away */

struct directory_bucket {
	struct directory_entry entry[BUCKET_ENTRIES];
};

struct port_range {
	__u16 first; /* host order */
	__u16 last;
	__u32 service; /* index into services + 1; 0: the list ends here */
};

#define RANGES_PER_LINE 8
#define RANGE_LINES_MAX 2

/* Ranges of one VIP and protocol: RANGE_LINES_MAX lines, one after another. */
struct range_line {
	struct port_range range[RANGES_PER_LINE];
};

enum pick { PICK_HASH_FLOW, PICK_HASH_SOURCE, PICK_HASH_DESTINATION, PICK_NEXT, PICK_LEAST, PICK_LOCALITY };
enum cost { COST_LC, COST_WLC, COST_SED, COST_NQ };

#define SERVICE_REMEMBERS 1  /* each flow: the tables alone can't say where it goes */
#define SERVICE_TRANSLATES 2 /* nat or fullnat */
#define SERVICE_REPLICAS 4   /* lblcr */
#define SERVICE_OWNERS 8     /* of the nodes: what comes to its VIP was handed over by one of them */
#define SERVICE_WATCHED 16   /* whether backends answer SYNs is counted (attempt.h) */

/* What of a packet finds its row of choices: bits of service.hash_fields. The upper half: what found it before. */
#define HASH_SOURCE 1
#define HASH_DESTINATION 2
#define HASH_SOURCE_PORT 4
#define HASH_DESTINATION_PORT 8
#define HASH_ALTERNATIVE_SHIFT 4

/* Two cache lines; packets read the first one. */
struct service {
	__u64 table;     /* first row << 32 | TABLE_OF_CHOICES | rows: one store flips the service to another table */
	__u64 hash_seed; /* equal on all nodes */
	/* One word, stored at once. */
	__u8 pick;
	__u8 cost;
	__u8 flags;
	__u8 prefix4; /* persistence: bits of the client's address that count */
	__u8 prefix6;
	__u8 hash_fields;
	__u16 mss_clamp; /* 0: none */
	__u32 persistence; /* ticks; 0: none */
	__u32 next;        /* row that PICK_NEXT looks at */
	__u64 hash_key[2]; /* SipHash's, as it stands in memory, for a table of choices */
	/* What follows is user space's, kept here so that a restarted daemon finds it. */
	__u64 spare_table;     /* where the next table is prepared, as `table`; 0: none yet */
	__u64 name;            /* hash of the listener that names it */
	__u64 retired_packets; /* counted by backends that are gone */
	__u64 retired_bytes;
	__u64 retired_flows;
	__u64 padding0[5];
};

#define ROWS_PER_LINE 32
#define NO_BACKEND 0x7fff
#define ROW_KEPT 0x8000 /* flows of this row are remembered: a change of members moves it, or has */

/*
 * A row of a table of choices has so many places, the first choice first, NO_BACKEND where there are fewer: one load of 64
 * bits. The table itself says what it is, whatever `pick` is while the one changes into the other.
 */
#define TABLE_OF_CHOICES 0x80000000
#define CHOICES_MAX 4

/* Rows of all tables, as indices into backends. 16 bits: a table of 65,537 rows takes 128 KiB of cache, not 512. */
struct row_line {
	__u16 backend[ROWS_PER_LINE];
};

#define USES_PER_LINE 64

/*
 * Beside rows, one byte each: 1 once a packet found a flow of a kept row that has another backend than the row. User space
 * reads and clears it, to learn which rows still need to be kept.
 */
struct use_line {
	__u8 used[USES_PER_LINE];
};

/* Connections of one backend. Written by all CPUs, but only when a flow begins, ends or changes its state. */
struct connections {
	__u32 active;
	__u32 inactive;
	__u32 overloaded;
	__u32 begun; /* of all times; it wraps */
};

/* What became of SYNs that one backend got, of a service that is watched. Written by all CPUs. */
struct attempts {
	__u64 tried;      /* connections */
	__u64 unanswered; /* those whose SYN came again */
	__u64 refused;    /* nat, fullnat: those that were answered by RST */
	__u64 padding;
};

/* Where a packet goes next, as the kernel said. */
struct nexthop {
	__u64 stamp; /* epoch << 32 | second in which it was asked */
	__u32 ifindex;
	__u16 mtu;
	__u16 vlan; /* ID of the tag that it leaves with; 0: none */
	__u8 ethernet[12]; /* destination, source */
	__u32 padding;
};

/* A next hop whose MAC address the kernel does not know. User space reads and clears it, and makes the kernel ask. */
struct unresolved {
	struct address address;
	__u32 ifindex; /* 0: nothing stands here */
	__u32 family;  /* 4 or 6 */
};

#define UNRESOLVED_MAX 64

/*
 * A next hop of answers, which name it by its number: clients are many, next hops are few. Its stamp says when an answer was
 * given it; one that nobody was given for long is another one's (way_out.h).
 */
struct way_out {
	struct nexthop nexthop;
};

/* What one CPU knows of one backend: one cache line, touched once per packet. */
struct backend_cpu {
	__u64 packets;
	__u64 bytes; /* of IP, as they arrived */
	struct nexthop nexthop;
	__u64 answer_packets; /* nat, fullnat */
	__u64 answer_bytes;
};

/* Appended only: user space reads them by index (src/drop-reason.ts). */
enum drop_reason {
	DROP_TRUNCATED_IPV4,
	DROP_MALFORMED_IPV4,
	DROP_TRUNCATED_IPV6,
	DROP_MALFORMED_IPV6,
	DROP_TRUNCATED_TRANSPORT,
	DROP_FRAGMENT_UNKNOWN,
	DROP_EXTENSION_HEADER,
	DROP_TTL_EXPIRED,
	DROP_NO_BACKEND,
	DROP_NO_ROUTE,
	DROP_NO_NEIGHBOUR,
	DROP_TOO_BIG,
	DROP_NO_HEADROOM,
	DROP_DENIED,
	DROP_SOURCE_RATE,
	DROP_NO_FLOW,
	DROP_TABLE_FULL,
	DROP_NO_LOCAL_PORT,
	DROP_FLOW_RATE,
	DROP_ICMP_UNKNOWN,
	DROP_PROGRAM_MISSING,
	DROP_HANDOVER_PEER,
	DROP_HANDOVER_MALFORMED,
	DROP_TAKEOVER_RATE,
	DROP_REASONS = 30,
};

/* Four cache lines a CPU. */
struct drops {
	__u64 packets[DROP_REASONS];
	__u32 icmp_second; /* what icmp_count counts: errors that this CPU sent */
	__u32 icmp_count;
	__u64 padding;
};

/*
 * One flow: 16 bytes. `tag` is 0 where there is none, 1 while another CPU writes here. All of `value` changes at once:
 * whoever changes it knows which backend's connections to count.
 */
struct flow {
	__u64 tag;
	__u64 value; /* backend | epoch << 16 | state << 28 | due << 32 | told << 42 | last seen << 43 (flow_value.h) */
};

/* A flow, as other nodes need it: packages/packet/src/flow-image.ts. Ports in network order. */
struct flow_image {
	__u8 family; /* of client and VIP: 4 or 6 */
	__u8 protocol;
	__u8 state;
	__u8 kind;     /* enum flow_kind, IMAGE_BACKEND_IPV6 */
	__u32 service; /* its name's lower half */
	__be16 client_port;
	__be16 vip_port;
	__be16 backend_port;
	__be16 local_port;
	struct address client;
	struct address vip;
	struct address backend;
	struct address local; /* fullnat; of an answer that nobody knows: whom it is to */
};

enum flow_kind { FLOW_PLAIN, FLOW_NAT, FLOW_FULLNAT };
#define IMAGE_BACKEND_IPV6 0x80

#define FLOW_WAYS 4

struct flow_set {
	struct flow way[FLOW_WAYS];
};

#define OVERFLOWS_PER_LINE 16

/*
 * Beside near sets, a number each: sweeps of the table until nothing can be far; 0: nothing is (flow_find.h). Those of the
 * flow table, then those of the table of answers.
 */
struct overflow_line {
	__u32 sweeps[OVERFLOWS_PER_LINE];
};

/*
 * What nat and fullnat have to know of a flow besides its backend; the element of the flow's place in the flow table. Four to a
 * cache line: nat's packets to the backend don't come here.
 */
struct translation {
	__u32 answer;      /* place of the flow's answers */
	__be16 local_port; /* that the backend sees */
	__u16 is_answer;   /* of fragments: from the backend to the client */
	union {
		__u32 local; /* IPv4 address that the backend sees; IPv6: struct answer_addresses */
		__u64 hops;  /* of fragments: as in struct choice */
	};
};

/* Of answer.seen_way: the number of a next hop, below the tick, which has 21 bits as in struct flow. */
#define WAY_OUT_BITS 11
#define WAYS_OUT_MAX 1024
#define NO_WAY_OUT 0x7ff

/*
 * Answers of a flow of nat or fullnat: found by the tuple that they have when they come, with all that they become. Two to a cache
 * line; sets of as many as in the flow table, near and far ones likewise.
 */
struct answer {
	__u64 tag;   /* as in struct flow */
	__u32 place; /* of the flow in the flow table */
	__u32 seen_way; /* tick of the last one << WAY_OUT_BITS | place in ways_out, as it was asked for in that tick */
	__u32 client; /* IPv4; IPv6: struct answer_addresses */
	__u32 vip;
	__be16 client_port;
	__be16 vip_port;
	__u16 backend;
	__u16 epoch; /* of the backend, as flows have it */
};

/* Beside an answer: the addresses of an IPv6 flow. */
struct answer_addresses {
	struct address client;
	struct address vip;
	struct address local; /* that the backend sees */
	__u64 padding[2];
};

/* New flows that sources opened in a second: a set of eight to a cache line. */
struct source {
	__u32 tag;
	__u16 second;
	__u16 count;
};

#define SOURCE_WAYS 8

struct source_set {
	struct source way[SOURCE_WAYS];
};

/* What sharing did on one CPU: one cache line. */
struct sharing_counts {
	__u64 told;
	__u64 ended;
	__u64 missed;
	__u64 over_rate;
	__u64 lost; /* found no room on the way to user space */
	__u64 padding[3];
};

/* Bytes of a frame that user space may get and give back: what a page holds, with the room that the kernel wants (settle.h). */
#define SETTLED_FRAME_MAX 3264

enum settle_what { SETTLE_UNKNOWN, SETTLE_CLIENT, SETTLE_ANSWER, SETTLE_FORGET };
enum settle_result { SETTLED_NOTHING, SETTLED_ADOPTED, SETTLED_KNOWN, SETTLED_NO_ROOM, SETTLED_NO_BACKEND };

/* What user space found out about a flow, and the packet that asked (settle.h). A page. */
struct settlement {
	__u32 what;   /* enum settle_what */
	__u32 slot;   /* of the flow's backend */
	__u32 length; /* of the frame; 0: there is none */
	/* The program's answer. */
	__u32 result; /* enum settle_result */
	__u32 place;
	__u32 handed_over; /* the packet had come from another node */
	__u64 tag;
	struct flow_image image;
	__u8 frame[SETTLED_FRAME_MAX];
	__u8 padding1[720];
};

/* What user space gives back at a time. */
struct settle_run {
	__u32 next;  /* the settlement that the next frame takes */
	__u32 count; /* for settle_all() */
	__u64 nonce; /* drawn for each run: nobody outside can make a place */
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
TABLE(port_ranges, struct range_line);
TABLE(services, struct service);
TABLE(rows, struct row_line);
TABLE(uses_of_rows, struct use_line);
TABLE(backends, struct backend);
TABLE(connections, struct connections);
TABLE(attempts, struct attempts);
TABLE(backend_cpus, struct backend_cpu);
TABLE(drops, struct drops);
TABLE(unresolved_hops, struct unresolved);
TABLE(flows, struct flow_set);
TABLE(flow_overflows, struct overflow_line);
TABLE(translations, struct translation);
TABLE(answers, struct answer);
TABLE(addresses_of_answers, struct answer_addresses);
TABLE(ways_out, struct way_out);
TABLE(sources, struct source_set);
TABLE(sharing, struct sharing_counts);
TABLE(settlements, struct settlement);
TABLE(settle_runs, struct settle_run);

/* Longest network first, as the kernel finds it. */
struct network {
	__u32 prefix_bits; /* of what follows: 8 of the family, then those of the address */
	__u8 family;       /* 4 or 6: no network of one family holds addresses of the other */
	__u8 address[19];  /* 4 or 16 bytes, then zeros */
};

enum permission { PERMISSION_DENY = 1, PERMISSION_ALLOW = 2 };

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct network);
	__type(value, __u32);
} networks SEC(".maps");

#define VLANS_MAX 4096

/* An interface that is a VLAN of another: XDP sends by the other and writes the tag itself. */
struct vlan {
	__u32 ifindex;
	__u32 id;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VLANS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct vlan);
} vlans SEC(".maps");
