/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What became of packets, by name: one cache line pair per CPU, read from user space without a system call. */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* Read by index in src/decapsulation.ts. The first ten are found by enum encapsulation and the inner family. */
enum counter {
	COUNT_IPIP_IPV4,
	COUNT_IPIP_IPV6,
	COUNT_GRE_IPV4,
	COUNT_GRE_IPV6,
	COUNT_GUE_IPV4,
	COUNT_GUE_IPV6,
	COUNT_FOU_IPV4,
	COUNT_FOU_IPV6,
	COUNT_SECOND_CHANCE_IPV4,
	COUNT_SECOND_CHANCE_IPV6,
	COUNT_NOT_A_VIP,
	COUNT_TRUNCATED,
	COUNT_MALFORMED_OUTER,
	COUNT_MALFORMED_GRE,
	COUNT_MALFORMED_GUE,
	COUNT_MALFORMED_FOU,
	COUNT_OUTER_FRAGMENT,
	COUNT_ECN_CONFLICT,
	/* Why a packet with a hop list was taken here. */
	COUNT_ACCEPTED_SYN,
	COUNT_ACCEPTED_ESTABLISHED,
	COUNT_ACCEPTED_SYN_COOKIE,
	COUNT_ACCEPTED_ICMP,
	COUNT_ACCEPTED_UDP_CONNECTED,
	COUNT_ACCEPTED_UDP,
	COUNT_ACCEPTED_FRAGMENT,
	COUNT_ACCEPTED_OTHER,
	COUNT_ACCEPTED_LAST_HOP,
	COUNT_ACCEPTED_NEXT_HOP_IS_SELF,
	COUNT_REDIRECTED,
	/* Why one was dropped. */
	COUNT_NOT_A_PEER,
	COUNT_UNKNOWN_HOP_TYPE,
	COUNT_MALFORMED_HOPS,
	COUNT_HOP_LOOP,
	COUNT_HOP_NOT_A_PEER,
	COUNT_HOP_NO_ROUTE,
	COUNT_HOP_NO_NEIGHBOUR,
	COUNT_HOP_TTL,
	COUNTERS = 64,
};

struct counters {
	__u64 packets[COUNTERS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* possible CPUs */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

static __always_inline void count(enum counter which)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct counters *mine = bpf_map_lookup_elem(&counters, &cpu);

	if (mine)
		mine->packets[which & (COUNTERS - 1)]++;
}

static __always_inline int drop(enum counter why)
{
	count(why);
	return XDP_DROP;
}
