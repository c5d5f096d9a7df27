/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Nodes and fellow backends: who may send hop lists, and whom they may name. */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include "packet.h"

struct network {
	__u32 bits;
	struct address address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct network);
	__type(value, __u32);
} peers SEC(".maps");

static __always_inline int is_peer(const struct address *address)
{
	struct network whole = { .bits = 128, .address = *address };

	return bpf_map_lookup_elem(&peers, &whole) != 0;
}
