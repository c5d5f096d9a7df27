/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A backend, and how packets get there. Repeated, as is tables.h, in src/xdp/layout.ts. */
#pragma once
#include <linux/types.h>

/* As it stands in headers; IPv4 in the first word. */
struct address {
	__u32 word[4];
};

enum method {
	METHOD_IPIP = 1,
	METHOD_GUE = 2,
	METHOD_GRE = 3,
	METHOD_FOU = 4,
	METHOD_HOPS = 5, /* GUE with the hops to try next */
	METHOD_DR = 6,
	METHOD_NAT = 7,
	METHOD_FULLNAT = 8,
	METHOD_FULLNAT_TOA = 9,
};

struct backend {
	struct address source; /* outer addresses */
	struct address destination;
	__u16 outer_checksum; /* one's complement sum of the outer IPv4 header's words that never change */
	__u8 outer_family;    /* 4 or 6 */
	__u8 method;
	__be16 gue_port;
	__be16 port; /* nat, fullnat: the destination port becomes this; 0: it stays */
	__u32 epoch;   /* differs when the slot is given to another backend: its cached next hops and its flows die with it */
	__u32 service; /* index into services + 1; 0: a free slot */
	__u16 weight;
	__u16 padding0;
	__u32 upper; /* connections from which on it takes no new flows; 0: no limit */
	__u32 lower; /* below which it takes them again */
	__u32 padding1;
};
