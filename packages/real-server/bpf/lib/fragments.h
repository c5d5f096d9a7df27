/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Later fragments have no ports: they follow the first one of their packet. */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include "count.h"
#include "inner_flow.h"
#include "local_socket.h"

/* RFC 791 section 3.2, RFC 8200 section 4.5: what tells the fragments of a packet from those of others. */
struct fragment_key {
	struct address source;
	struct address destination;
	__be32 identification;
	__u32 protocol; /* of IPv4 alone */
};

/* The first fragment's answer. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct fragment_key);
	__type(value, __s32);
} first_fragments SEC(".maps");

static __always_inline struct fragment_key fragment_key(const struct inner_flow *flow)
{
	return (struct fragment_key){ .source = flow->source,
				      .destination = flow->destination,
				      .identification = flow->identification,
				      .protocol = flow->family == 4 ? flow->protocol : 0 };
}

static __always_inline void remember_first_fragment(const struct inner_flow *flow, __s32 answer)
{
	struct fragment_key key = fragment_key(flow);

	bpf_map_update_elem(&first_fragments, &key, &answer, BPF_ANY);
}

/* One that overtook its first is kept here: it is as likely this host's as another's. */
static __always_inline int follow_first_fragment(const struct inner_flow *flow)
{
	struct fragment_key key = fragment_key(flow);
	const __s32 *answer = bpf_map_lookup_elem(&first_fragments, &key);

	return answer && *answer == UNKNOWN ? UNKNOWN : COUNT_ACCEPTED_FRAGMENT;
}
