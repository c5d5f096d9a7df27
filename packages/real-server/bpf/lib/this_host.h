/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames that the switch sent to this host alone. */
#pragma once
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* The interface's own MAC address, as is_for_this_host() reads it; 0: any will do. */
struct interface {
	__u64 mac;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct interface);
} interface SEC(".maps");

/*
 * Was the frame sent to this host? A switch floods what it has no port for, and the interface may be promiscuous: then
 * every backend sees the packet, and all but one would answer the client with RST.
 */
static __always_inline int is_for_this_host(const void *start, const void *end)
{
	__u32 only = 0;
	const struct interface *own = bpf_map_lookup_elem(&interface, &only);

	if (!own || !own->mac)
		return 1;
	if (start + ETH_ALEN > end)
		return 0;
	return own->mac == (*(__u32 *)start | (__u64)*(__u16 *)(start + 4) << 32);
}
