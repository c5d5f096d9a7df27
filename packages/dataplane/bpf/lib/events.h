/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What user space is told of flows as it happens: docs/packet-path.md, section 8. */
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "count.h"
#include "tables.h"

enum event_kind { EVENT_TOLD, EVENT_REFRESHED, EVENT_ENDED };

/* A flow is told with its image. That it ended is said by its place and tag: user space knows the rest (src/xdp/told-flows.ts). */
struct flow_event {
	__u32 kind; /* enum event_kind */
	__u32 place;
	__u64 tag;
	struct flow_image image;
};

/* Sized by user space: one page where nothing is shared. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} flow_events SEC(".maps");

static __always_inline struct sharing_counts *sharing_counts(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&sharing, &cpu);
}

/* User space looks for events of this kind by itself: no flow waits for them. */
#define NO_HURRY BPF_RB_NO_WAKEUP

/* A flow that was told is over. */
SEPARATE int tell_end(__u32 place, __u64 tag)
{
	struct sharing_counts *counts = sharing_counts();
	struct flow_event *event;

	if (!counts)
		return 0;
	event = bpf_ringbuf_reserve(&flow_events, sizeof(*event), 0);
	if (!event) {
		counts->lost++;
		return 0;
	}
	event->kind = EVENT_ENDED;
	event->place = place;
	event->tag = tag;
	counts->ended++;
	bpf_ringbuf_submit(event, NO_HURRY);
	return 0;
}
